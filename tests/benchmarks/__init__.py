"""What Winnow is measured by. `make bench` runs it and prints a table; nothing here is asserted."""
