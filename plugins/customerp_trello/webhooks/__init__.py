"""Waking runs up: what the two systems tell us is taken in here, and what is told starts the pairs it concerns.

    endpoint -> senders -> trello_sender, customerp_sender    a signed delivery becomes rows of the state's inbox
    inbox_trigger -> alarm                                    rows of the inbox become events that start a pair's DAG
    registration                                              Trello is told where to send

A delivery says that something happened, never what: runs read both systems, as ever. Whatever gets lost on this way is
found by the schedule.
"""
