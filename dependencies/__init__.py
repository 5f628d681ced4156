"""What others wrote and we use: is a fault of it known, and what of it is in the functions' asset?"""
