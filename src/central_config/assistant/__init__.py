"""Questions in plain words, review of changes and advice: an engine that may only ever propose.

Walk a question: `routes.ask` -> `service.asking` (guard, parser, else the model, then the checker)
-> `service.executing`, which runs the plan with the caller's own permissions. Walk a review:
`routes.reviews` -> `service.reviewing` -> `model.reviews.checks`. What a model says is never
executed: it fills in a `model.plans.Plan`, which code checks against facts, or it words what code
has found.
"""
