"""People and rooms to look at, made on the first start of ``workroom demo``.

``content`` says what there is, ``furnish`` makes it.
"""

from workroom.demo.content import ESSAY_ID, PEOPLE, PROJECT_ID, DemoPerson
from workroom.demo.furnish import furnish, residents

__all__ = ["ESSAY_ID", "PEOPLE", "PROJECT_ID", "DemoPerson", "furnish", "residents"]
