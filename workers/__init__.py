"""Workers: the registry of machines that make pictures, and the process that runs on them."""
