"""Trains the starter video model: the image model's world in motion, in the shape of Wan 2.2 5B.

Shares loop, drawings and places with the image training; nothing here is used to generate.
"""
