"""What every pair's documentation says in Airflow besides its mapping: what the form and a backfill do."""

GUIDE = """\
## Trigger it

The form opens as a **preview**: it shows the plan in the log of `reconcile` and writes nothing. The last line of its
report names the plan; *apply_plan* with that name does exactly this, and lists what has moved meanwhile. The schedule,
the systems' own notifications and a backfill are syncs. Plans that the guard holds, and conflicts that a person
settles, wait in the DAG *CustomERP and Trello: decisions*.

## Backfill it

From the command line (both ends are inclusive: at `*/15` these are three intervals),

    airflow backfill create --dag-id {pair} --from-date 2026-03-01T10:00:00+00:00 \\
      --to-date 2026-03-01T10:30:00+00:00 --reprocess-behavior completed

or in the UI: *Trigger*, *Run Backfill*, both dates, *All runs* to read intervals again that have run already. Without
that, Airflow leaves them out and says so nowhere. The form's fields count only if *Override parameters on existing
runs* is ticked; then the action is what they show, a preview unless you choose *sync*. Without it every run is a sync.

- A window says **which** records are looked at: those of which one side was changed in it. What is written is always
  what both systems show **now**. So backfills may run in any order, twice, or beside the schedule.
- A change whose time nobody knows belongs to every window: members' profiles, workspaces, deletions, an ERP without
  modification times. The log of `reconcile` says how many records lie in the window, and of how many no time is known.
- A missed interval needs no backfill: every other run takes everything since the last one that went through.
"""
