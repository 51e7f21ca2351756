"""Grade what a class hands in: safely, fast, and so that nothing is lost.

`collect` finds the files, also those that `tree` finds in archives, `read` turns them into plain data, `assess` judges
the answers that they hold, `workers` do so in many processes, `store` keeps the results, `gradebook` joins them by
student, and `tables`, `page` and `report` write what the instructor and the students get.
"""
