"""The functions' entrances."""
