"""From published figures: targets and forecasts."""
