"""The measurements of tools/measure, each on a cluster of real processes on loopback.

Each returns rows (what, value) and whether everything arrived. Times are taken in this process, which
therefore is part of every figure."""
