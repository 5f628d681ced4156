"""What the deployment keeps: tables, and the secret of the registration page's sessions."""
