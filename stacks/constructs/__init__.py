"""Small reusable parts: keyword-only, each takes exactly what it needs, none knows a stage or a stack."""
