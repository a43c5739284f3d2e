"""What is needed from outside, as interfaces: stores, a clock, tokens and passwords."""
