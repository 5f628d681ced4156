"""Small reusable parts: each takes exactly what it needs by keyword, and none knows a stage or a stack."""
