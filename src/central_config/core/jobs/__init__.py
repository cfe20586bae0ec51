"""Background jobs: every one is a row in PostgreSQL; the queue carries only its id.

`model` says what a job is, `store` is its SQL (`enqueue` in the caller's transaction), `queue`
hands the id to a worker after the commit, `schedules` remembers what runs regularly. Who runs jobs
is `central_config.worker`. A lost message, a flushed queue and a killed worker cost time, never
work: the sweeper there puts the row's id into the queue again.
"""
