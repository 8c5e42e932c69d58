"""Trains the starter upscalers, 2× and 4×, on drawn pictures; nothing here is used to upscale."""
