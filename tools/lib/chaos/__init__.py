"""What tools/chaos is made of: a cluster in a network of its own, viewers that check every byte, faults, and the
judgement. Python's standard library only."""
