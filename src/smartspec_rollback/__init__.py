"""Return a failed deployment to a version known to be good, with evidence that it is safe."""
