"""What the demo holds: six people, an essay with feedback, a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workroom.core.feedback import FeedbackType
from workroom.core.people import Right, Role
from workroom.demo.media import picture, recording
from workroom.ids import EssayId, ProjectId, UserId


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody in the demo, and what they may do. None: they cannot see that room."""

    id: UserId
    username: str
    name: str
    role: Role
    on_essay: Right | None = None
    on_project: Right | None = None


@dataclass(frozen=True, slots=True)
class DemoRemark:
    """A piece of feedback, bound to words of the essay."""

    author: str
    type: FeedbackType
    comment: str
    quote: str


PEOPLE: Final = (
    DemoPerson(UserId(1), "emma", "Emma Brown", Role.STUDENT, Right.OWNER, Right.VIEW),
    DemoPerson(UserId(2), "jane", "Jane Smith", Role.COACH, Right.EDIT, Right.OWNER),
    DemoPerson(UserId(3), "sarah", "Dr. Sarah Johnson", Role.COACH, Right.COMMENT),
    DemoPerson(UserId(4), "mike", "Mike Wilson", Role.STUDENT, Right.VIEW, Right.EDIT),
    DemoPerson(UserId(5), "admin", "Admin", Role.ADMIN),
    DemoPerson(UserId(456), "john_doe", "John Doe", Role.STUDENT, None, Right.EDIT),
)
"""The owner of each room is its author."""

ESSAY_ID: Final = EssayId(1)
ESSAY_TITLE: Final = "Fixed With You"
ESSAY_PROMPT: Final = (
    "Write about something you repaired, or failed to repair. "
    "What did it teach you about working with other people?"
)
ESSAY_WORD_LIMIT: Final = 650
ESSAY_TEXT: Final = """\
Every second Thursday, the reading room of our public library turns into a hospital. Toasters \
arrive in shopping bags, lamps with their cords wrapped around their necks, a record player \
carried like a sleeping child. The Repair Café has one rule, painted on a board by the door: we \
do not fix things for you, we fix things with you. I was fourteen when I walked in with my \
grandmother’s radio, and I believed that I was only there for the radio.

The man who sat down across from me was Mr. Okafor, a retired tram mechanic. He did not touch \
the radio. He slid a screwdriver over the table and asked me what I thought was wrong. I said \
that it was broken. He waited. It took me a full minute to understand that he was not being \
rude, he was asking a question, and that nobody had asked me one like it in a long time. At \
school, a wrong answer cost points. At his table it cost nothing but a screw that had to be put \
back. We found a cracked solder joint no bigger than a grain of rice, and when the radio coughed \
and then sang, I laughed so loudly that the librarian came over.

After that evening I came back without anything to repair. Each of the volunteers were patient \
in a different way, and I studied them the way other people study for exams. Mrs. Lindqvist \
explained sewing machines by telling their life stories. Mr. Okafor said almost nothing, and \
drew. Within a year I had a table of my own, and a sign with my name on it that I pretended not \
to be proud of.

Working there taught me many things about people. I met a lot of visitors from all kinds of \
backgrounds, and I learned how to communicate with them and how to help them with their problems. \
These experiences made me grow as a person and will be useful to me in the future.

The repair I think about most is one that failed. A boy of perhaps nine brought a toy robot that \
had belonged to his brother, who had moved away. I worked on it for two Thursdays. The chip that \
drives the motor was burnt, and nobody makes that chip any more. In my first year I would have \
hidden behind technical words. Instead I did what had been done for me: I gave him the \
screwdriver. We took the robot apart together and laid every piece in a row on a white towel, and \
I showed him which one was dead, and why. He was quiet for a while. Then he asked if he could keep \
the motor, because the motor still worked. He has built two things with it since. One of them is, \
loosely speaking, a boat.

I used to think that repairing meant returning a thing to what it was. I now believe that it \
means refusing to let a person stand alone in front of a problem. When our robotics team lost its \
only programmer in March, the easy way was to do his work myself; I know now that it would have \
been the wrong repair. The five of us sat down with his code on the wall and read it aloud until \
everybody could explain a part of it. We came fourth. Nobody had to be told why it worked.

I want to study engineering because I like to know how things work, but that is only half of the \
reason. The other half is the board by the library door. Most of the problems that I care about \
are too large to be fixed for anyone. They will have to be fixed with people, at a table, one \
question at a time.
"""

REMARKS: Final = (
    DemoRemark(
        "jane",
        FeedbackType.STRUCTURE,
        "Here I want to hear your thesis, which only arrives in the sixth paragraph. Let a hint of "
        "it in, so that the radio and the robot have something to prove.",
        "I believed that I was only there for the radio",
    ),
    DemoRemark(
        "jane",
        FeedbackType.GRAMMAR,
        "“Each” is singular: “Each of the volunteers was patient”.",
        "Each of the volunteers were patient",
    ),
    DemoRemark(
        "sarah",
        FeedbackType.CONTENT,
        "This paragraph could benefit from more specific examples. Which visitor? What did they "
        "bring, and what did you say? One scene will do more than the whole list.",
        "Working there taught me many things about people.",
    ),
)

PROJECT_ID: Final = ProjectId(123)
PROJECT_TITLE: Final = "Colours of the Harbour"
PROJECT_DESCRIPTION: Final = (
    "How does a place sound and look at five in the morning, at noon and at night? We collect "
    "pictures and recordings of the old harbour, measure their mood, and hang the results side by "
    "side in the school’s entrance hall."
)
PROJECT_STATUS: Final = "active"
PROJECT_METADATA: Final[Mapping[str, Any]] = {
    "course": "Media arts, second year",
    "stage": "collecting",
    "hours": ["05:00", "12:00", "22:00"],
    "exhibition": {"place": "entrance hall", "panels": 6},
}

CANVASES: Final[tuple[tuple[str, Callable[[], bytes], str], ...]] = (
    ("Harbour at five.png", picture, "jane"),
    ("Harbour at noon.wav", recording, "mike"),
)
"""Name, what makes the file, and who uploaded it."""
