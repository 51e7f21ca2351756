"""Grade what a class hands in: safely, fast, and so that nothing is lost.

`collect` finds the files, `read` turns them into plain data, `assess` judges the answers that they hold, `run` does so
in many processes, `store` keeps the results, `gradebook` joins them by student, and `tables`, `page` and `report` write
what the instructor and the students get.
"""
