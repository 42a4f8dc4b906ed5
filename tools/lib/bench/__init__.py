"""What tools/bench measures: real processes on loopback, each part in a module of its own."""
