"""Things break while runs flow: nothing is lost, nothing happens twice."""
