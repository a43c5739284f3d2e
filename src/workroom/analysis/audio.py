"""``analyze_audio``: loudness, levels, tempo, brightness, silence and a waveform for drawing.

One pass over the recording, block by block: memory does not grow with its length, but for the few
values a second that tempo and waveform keep.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from typing import Final

from workroom.analysis.levels import LevelMeter, TruePeakMeter
from workroom.analysis.limits import AudioLimits
from workroom.analysis.loudness import LoudnessMeter
from workroom.analysis.mood import mood
from workroom.analysis.progress import Progress, Report
from workroom.analysis.results import AudioResult, Mood
from workroom.analysis.sound import Samples, Sound, open_sound
from workroom.analysis.spectrum import Spectrum
from workroom.analysis.tempo import tempo

NOTE: Final = (
    "Measured from the samples alone. Loudness, levels and brightness are physical values; the "
    "tempo is an estimate; the mood is a rule of thumb from energy and brightness, and does not "
    "tell what anybody feels who listens."
)
SOURCES: Final = (
    "Loudness and true peak: Recommendation ITU-R BS.1770-5 (2023), with the gates of EBU R 128",
    "Loudness range: EBU Tech 3342",
    (
        "Tempo: D. P. W. Ellis, Beat Tracking by Dynamic Programming, Journal of New Music "
        "Research 36 (2007) 51-60"
    ),
    (
        "Brightness (spectral centroid): J. M. Grey and J. W. Gordon, Perceptual Effects of "
        "Spectral Modifications on Musical Timbres, J. Acoust. Soc. Am. 63 (1978) 1493-1500"
    ),
    (
        "Plane of pleasure and arousal: J. A. Russell, A Circumplex Model of Affect, Journal of "
        "Personality and Social Psychology 39 (1980) 1161-1178"
    ),
)

_MIDDLE_LUFS, _REACH_LU = -25.0, 15.0
"""Arousal is 0 at -25 LUFS, and 1 at -10."""
_MIDDLE_HZ, _REACH_OCTAVES = 2000.0, 2.0
"""Pleasure is 0 at a centroid of 2 kHz, and 1 at 8 kHz."""


def analyze_audio(
    path: Path,
    report: Report,
    limits: AudioLimits = AudioLimits(),  # noqa: B008 - frozen
) -> AudioResult:
    """Measure the recording. Raises AnalysisError; OSError when the file cannot be opened."""
    progress = Progress(report)
    progress.tell(2, "Opening audio...")
    with open_sound(path, limits) as sound:
        progress.tell(5, "Processing audio...")
        meters = _Meters(sound)
        for channels in sound.blocks():
            meters.add(channels)
            done = meters.levels.frames / sound.claimed if sound.claimed else 0.0
            progress.part(5, 90, done, "Processing audio...")
    progress.tell(90, "Estimating the tempo...")
    pulse = tempo(meters.spectrum.onsets(), meters.spectrum.rate)
    progress.tell(95, "Drawing the waveform...")
    loudness, centroid = meters.loudness.result(), meters.spectrum.centroid()
    result = AudioResult(
        note=NOTE,
        sources=list(SOURCES),
        format=sound.format,
        seconds=round(meters.levels.frames / sound.rate, 3),
        sample_rate=sound.rate,
        channels=sound.channels,
        loudness=loudness,
        levels=meters.levels.levels(meters.true_peak.peak),
        silence=meters.levels.silence(),
        tempo=pulse,
        centroid=None if centroid is None else round(centroid, 1),
        mood=_mood(loudness.integrated, centroid),
        waveform=meters.levels.waveform(),
    )
    progress.tell(100, "Done")
    return result


@dataclass(slots=True)
class _Meters:
    """Everything that listens while the recording goes by."""

    sound: Sound
    levels: LevelMeter = field(init=False)
    true_peak: TruePeakMeter = field(init=False)
    loudness: LoudnessMeter = field(init=False)
    spectrum: Spectrum = field(init=False)

    def __post_init__(self) -> None:
        self.levels = LevelMeter(self.sound)
        self.true_peak = TruePeakMeter(self.sound)
        self.loudness = LoudnessMeter(self.sound)
        self.spectrum = Spectrum(self.sound)

    def add(self, channels: Samples) -> None:
        self.levels.add(channels)
        self.true_peak.add(channels)
        self.loudness.add(channels)
        self.spectrum.add(channels.mean(axis=0))


def _mood(loudness: float | None, centroid: float | None) -> Mood | None:
    if loudness is None or centroid is None:
        return None
    pleasure = log2(max(centroid, 1.0) / _MIDDLE_HZ) / _REACH_OCTAVES
    return mood(pleasure, (loudness - _MIDDLE_LUFS) / _REACH_LU)
