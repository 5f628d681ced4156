"""Entry points of the functions of this room."""
