"""The agreement lives and ends: notices, life-cycle, and what an operator may read."""
