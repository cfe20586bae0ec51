"""How well reviews find faults, and how seldom they cry wolf: real histories, planted faults."""
