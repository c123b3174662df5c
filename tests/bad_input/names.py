"""File names as attackers, phones and other systems send them."""

# Django's own lists of names that try to leave the folder (tests/file_uploads/tests.py).
TRAVERSALS = (
    "/tmp/hax0rd.txt",
    "C:\\Windows\\hax0rd.txt",
    "C:/Windows/hax0rd.txt",
    "\\tmp\\hax0rd.txt",
    "/tmp\\hax0rd.txt",
    "subdir/hax0rd.txt",
    "subdir\\hax0rd.txt",
    "sub/dir\\hax0rd.txt",
    "../../hax0rd.txt",
    "..\\..\\hax0rd.txt",
    "../..\\hax0rd.txt",
    "..&#x2F;hax0rd.txt",
    "..&sol;hax0rd.txt",
)
EMPTY_PATHS = ("/tmp/", "c:\\tmp\\", "/tmp/.", "c:\\tmp\\.", "/tmp/..", "c:\\tmp\\..", "")
# row, name as sent, name as shown
ODD_NAMES = (
    ("B114a", "deck\0-04.jpg", "deck-04.jpg"),
    ("B114b", "deck%00-04.jpg", "deck-04.jpg"),
    ("B114c", "deck\r\nX-Injected: 1.jpg", "deck X-Injected: 1.jpg"),
    ("B114d", "deck\t04.jpg", "deck 04.jpg"),
    ("B115a", "photo\u202egpj.exe", "photogpj.exe"),
    ("B115b", "ze\u200bro\u2060wid\ufeffth.jpg", "zerowidth.jpg"),
    ("B115c", "cafe\u0301.jpg", "café.jpg"),
    ("B115d", "pier 🌉.jpg", "pier 🌉.jpg"),
    ("B116a", "a" * 300 + ".jpg", "a" * 251 + ".jpg"),
    ("B116b", "混" * 120 + ".jpg", "混" * 83 + ".jpg"),
    ("B118a", ".htaccess", ".htaccess"),
    ("B118b", "-rf.jpg", "-rf.jpg"),
    ("B118c", "CON.jpg", "CON.jpg"),
    ("B118d", "aux", "aux"),
    ("B118e", "deck.jpg. . ", "deck.jpg"),
    ("B118f", "a;id.jpg", "a;id.jpg"),
    ("B118g", "`id`.jpg", "`id`.jpg"),
    ("B118h", "=cmd().jpg", "=cmd().jpg"),
    ("B119", "   ", "photo"),
)
