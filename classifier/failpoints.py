"""Named moments at which a fault test may strike; in a running site they are nothing.

`hit` does nothing, and no setting of the site changes that: only the settings of the fault tests,
which are not shipped, put another function in its place (tests/faults/arming.py).
"""

POINTS = {
    # uploading a photo
    "U1": "the headers are read",
    "U2": "a part of the body is read",
    "U3": "the temporary file is written",
    "U4": "the temporary file is durable and was read back",
    "U5": "the original is in its place",
    "U6": "the row is inserted, not committed",
    "U7": "the row is committed",
    "U8": "the bell is rung, the answer not sent",
    # classifying a photo
    "W1": "the task is received",
    "W2": "the photo is claimed and the attempt counted",
    "W3": "the model version is chosen",
    "W4": "the original is opened and checked",
    "W5": "the photo is decoded",
    "M1": "the network is about to answer (the subject is the model version)",
    "W6": "the network has answered",
    "W7": "the prediction is inserted, not committed",
    "W8": "the prediction is committed, the message not acknowledged",
    # retraining and activating
    "T1": "the run is taken",
    "T2": "the photos are gathered",
    "T3": "an epoch is under way (the subject is its number)",
    "T4": "the candidate's files are complete and in their place",
    "T5": "the transaction that registers it has begun",
    "T6": "the candidate is registered, not committed",
    "T7": "the run is closed and committed",
    "T8": "the active version is retired, the next not yet active",
    "T9": "the activation is committed",
    # backing up and restoring
    "B1": "the rows are in the archive, the files are not",
    "B2": "a file is in the archive (the subject is its number)",
    "B3": "the archive is whole and durable, not yet in its place",
    "R1": "the archive is unpacked and believed, nothing is in its place",
    "R2": "the rows are loaded, not committed",
    "R3": "the files are in their place, the rows not committed",
    "R4": "the rows are committed",
}


def hit(_point: str, _subject: int | None = None) -> None:
    """Do nothing. `_subject` is the id of what is worked on."""
