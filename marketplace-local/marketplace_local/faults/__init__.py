"""Faults that calls meet: armed on demand, or drawn at random."""
