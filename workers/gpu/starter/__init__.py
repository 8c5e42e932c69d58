"""The small models that OurVidz trains itself, so that a newcomer sees a real picture at once."""
