"""What the end-to-end tests share. Python's standard library only, and no code of Sluice's own: these are
the plain clients that judge it."""
