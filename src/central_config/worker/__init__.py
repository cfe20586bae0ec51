"""Background work: `main` is the Celery worker, `beat` the scheduler and sweeper.

`kinds` lists everything that can be run; `running` is what happens to one job.
"""
