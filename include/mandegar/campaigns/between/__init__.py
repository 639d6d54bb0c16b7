"""Between nights: what has just happened, and the campaigns that do not wait for the night."""
