"""People and rooms to look at, made on the first start of `workroom demo`."""
