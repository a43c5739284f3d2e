"""Types of task that misbehave in every way that tests need."""

from workroom.tasks import TaskType

_ANY = frozenset({"image", "audio"})


def _type(name: str, seconds: int = 120) -> TaskType:
    return TaskType(name, f"test.{name}", _ANY, seconds=seconds, module="workroom_test_tasks")


BABBLE = _type("babble")
BREAK_DOWN = _type("break_down")
COUNT_STEPS = _type("count_steps")
DIG_DEEP = _type("dig_deep")
DIE = _type("die")
EAT_MEMORY = _type("eat_memory")
MUMBLE = _type("mumble")
NEVER_END = _type("never_end")
REFUSE = _type("refuse")
RUN_LATE = _type("run_late", seconds=1)
RETRY = _type("retry")
SMUGGLE = _type("smuggle")
SAY = _type("say")
SPIN = _type("spin")
STAGGER = _type("stagger")
STUMBLE = _type("stumble")
