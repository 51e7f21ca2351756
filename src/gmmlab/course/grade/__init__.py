"""Grade what a class hands in: safely, fast, and so that nothing is lost.

`collect` finds the files, also those that `tree` finds in archives, `read` turns them into plain data, `assess` judges
the answers that they hold, `workers` do so in many processes, `store` keeps the results, `gradebook` joins them by
student, by the rules of the course (`course_file`, `policy`, `handed_in`) and what was decided by hand (`overrides`),
and `tables`, `page`, `report`, `changes` and `hand_back` write what the instructor and the students get.
"""
