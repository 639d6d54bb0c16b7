"""What is known of each customer on the evening of a day, one module per source of signals.

Every function gives one row per customer_id and looks only at what the entities of that evening hold.
"""
