"""For tests of programs that use Workroom: a clock moved by hand, scenarios of a room."""
