"""Drift: is a night of a table like its last nights?"""
