"""What the analyses find: every value with its unit and its range, checked when it is made.

The classes are the published JSON Schema as well. A value that cannot be measured, such as the
loudness of silence, is ``None``, never a made-up number.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

IMAGE_VERSION: Final = 1
AUDIO_VERSION: Final = 1
"""Raised whenever the same file may give another result."""

POINTS: Final = 400
"""Points of a waveform."""

Share = Annotated[float, Field(ge=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]
Decibels = Annotated[float, Field(ge=-400, le=400)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Shape(BaseModel):
    """A result, or a part of one: frozen, complete, and finite."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    def to_json(self) -> dict[str, Any]:
        """The result in what JSON has: objects, lists, strings, finite numbers, true and null."""
        return self.model_dump(mode="json")


class Mood(Shape):
    """A place on the plane of pleasure and arousal, and a word for it: a heuristic."""

    label: Literal["lively", "calm", "tense", "subdued", "balanced"]
    """The quarter of the plane, or its middle. A rule of thumb that no study has validated."""
    pleasure: Signed
    """-1 to 1, relative to what the method can give at all."""
    arousal: Signed
    """-1 to 1, relative to what the method can give at all."""
    heuristic: Literal[True] = True
    """Always true, so that nobody who reads the word alone takes it for a finding."""


class Emotion(Shape):
    """Pleasure, arousal and dominance from brightness and saturation; relative values."""

    pleasure: Annotated[float, Field(ge=0, le=0.8602)]
    """0.69 brightness + 0.22 saturation; 0 for black, 0.8602 for pure yellow."""
    arousal: Annotated[float, Field(ge=-0.31, le=0.5776)]
    """-0.31 brightness + 0.60 saturation; -0.31 for white, 0.5776 for pure blue."""
    dominance: Annotated[float, Field(ge=-0.76, le=0.2651)]
    """-0.76 brightness + 0.32 saturation; -0.76 for white, 0.2651 for pure blue."""


class Swatch(Shape):
    """A colour of the palette."""

    colour: Colour
    """sRGB, as CSS writes it."""
    share: Share
    """Of the picture's area."""


class Temperature(Shape):
    """Shares of the picture's area; together 1."""

    warm: Share
    """Hues within 90 degrees of 50 degrees in CIELAB: reds, oranges, yellows."""
    cold: Share
    """The other hues: greens, cyans, blues, violets."""
    neutral: Share
    """Chroma below 10: greys, and what is nearly grey."""


class Contrast(Shape):
    """Two of Itten's contrasts, each as a standard deviation over all pixels."""

    light_dark: Annotated[float, Field(ge=0, le=0.5)]
    """Of brightness; 0.5 when half is black and half white."""
    warm_cold: Share
    """Of warmth (the cosine of the hue's distance from 50 degrees; 0 for neutral); 1 at most."""


class ImageResult(Shape):
    """What the colours of a picture say. It does not know what the picture shows."""

    kind: Literal["image"] = "image"
    version: int = IMAGE_VERSION
    """Of the method; results of different versions should not be compared."""
    note: str
    """What these values are and are not, in words for the reader."""
    sources: list[str]
    """The publications that the formulas come from."""
    format: Literal["PNG", "JPEG", "WEBP", "GIF"]
    width: Annotated[int, Field(ge=1)]
    """Pixels, as displayed: after the orientation that the camera noted."""
    height: Annotated[int, Field(ge=1)]
    """Pixels, as displayed."""
    animated: bool
    """If so, everything here is about the first frame."""
    brightness: Share
    """Mean of 0.2126 R + 0.7152 G + 0.0722 B."""
    saturation: Share
    """Mean of max(R, G, B) - min(R, G, B)."""
    emotion: Emotion
    mood: Mood
    palette: Annotated[list[Swatch], Field(min_length=1, max_length=6)]
    """The main colours, the largest first; the shares make 1."""
    colourfulness: Annotated[float, Field(ge=0, le=298)]
    """0 for grey; 15 slightly, 33 moderately, 45 averagely, 59 quite, 82 highly colourful."""
    temperature: Temperature
    contrast: Contrast


class Loudness(Shape):
    """As broadcasters measure it: what the ear makes of the level."""

    integrated: Decibels | None
    """LUFS over the whole recording; null when nothing of 0.4 s is above -70 LUFS."""
    range: Annotated[float, Field(ge=0, le=400)] | None
    """LU between the quiet and the loud passages (10th and 95th percentile of 3 s windows); null
    below 3 s, and in silence."""


class Levels(Shape):
    """What the samples measure, over all channels; 0 dBFS is the largest that fits the format."""

    true_peak: Decibels | None
    """dBTP, between the samples as well; null in digital silence."""
    sample_peak: Decibels | None
    """dBFS; null in digital silence."""
    rms: Decibels | None
    """dBFS, where a full-scale sine has -3.01; null in digital silence."""
    crest: Annotated[float, Field(ge=0, le=400)] | None
    """dB from RMS to sample peak: 0 for a square wave, 3.01 for a sine; null in silence."""


class Tempo(Shape):
    """The most likely pulse."""

    bpm: Annotated[float, Field(ge=40, le=240)] | None
    """Beats a minute; twice or half of it may be felt as well. Null when there is no clear pulse,
    and below 4 s."""
    confidence: Share
    """How regular the pulse is: the autocorrelation at its period."""


class Waveform(Shape):
    """For drawing: the recording in equal parts, over all channels, -1 to 1 (cut there)."""

    low: Annotated[list[Signed], Field(min_length=POINTS, max_length=POINTS)]
    """The smallest sample of each part."""
    high: Annotated[list[Signed], Field(min_length=POINTS, max_length=POINTS)]
    """The largest sample of each part."""


class AudioResult(Shape):
    """What the samples of a recording say. It understands no word and no tune."""

    kind: Literal["audio"] = "audio"
    version: int = AUDIO_VERSION
    """Of the method; results of different versions should not be compared."""
    note: str
    """What these values are and are not, in words for the reader."""
    sources: list[str]
    """The publications that the formulas come from."""
    format: Literal["WAV", "FLAC", "OGG", "MP3"]
    seconds: Annotated[float, Field(ge=0)]
    """As decoded, whatever the header claims."""
    sample_rate: Annotated[int, Field(ge=1)]
    """Hz."""
    channels: Annotated[int, Field(ge=1, le=8)]
    loudness: Loudness
    levels: Levels
    silence: Share
    """Of the time: steps of 0.1 s whose RMS is below -60 dBFS."""
    tempo: Tempo
    centroid: Annotated[float, Field(ge=0)] | None
    """Hz, the spectral centroid: the brightness of the sound; null in digital silence."""
    mood: Mood | None
    """Null where there is no loudness."""
    waveform: Waveform


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12: ``$defs`` holds ``ImageResult``, ``AudioResult`` and their parts."""
    _, schema = models_json_schema(
        [(ImageResult, "serialization"), (AudioResult, "serialization")],
        title="Workroom analyses",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "oneOf": [{"$ref": "#/$defs/ImageResult"}, {"$ref": "#/$defs/AudioResult"}],
    }
