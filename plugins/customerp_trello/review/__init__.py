"""The page in Airflow's navigation where people see how the pairs are doing, find a record, and decide.

    app -> routes -> overview, pair, lists, record, run, search, actions    a view each: rows of the state, a template
                     access, forgery                                        who is calling, and from where
                     render, words, chart, naming                           how it is shown
                     listing                                              files that a run left: its plan, what it read

Every page is rendered on the server; a view costs a few queries by index, however many links there are.
"""
