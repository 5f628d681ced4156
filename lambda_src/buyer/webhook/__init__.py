"""Events to the app by HTTPS: signed, in order for each customer, tried again for a day."""
