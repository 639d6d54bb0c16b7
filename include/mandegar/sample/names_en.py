"""Names and places outside Iran."""

FIRST = (
    "Emma", "Olivia", "Sophie", "Hannah", "Grace", "Chloe", "Elif", "Zeynep", "Aisha", "Priya", "Clara", "Marie", "Laura", "Julia",
    "James", "Oliver", "Daniel", "Thomas", "Lukas", "Felix", "Mehmet", "Emre", "Omar", "Arjun", "Pierre", "Hugo", "Samuel", "Adam",
    "Noah", "Ethan", "Maya", "Nora",
)  # fmt: skip

LAST = (
    "Smith", "Jones", "Taylor", "Brown", "Wilson", "Evans", "Walker", "Muller", "Schmidt", "Fischer", "Weber", "Yilmaz", "Kaya",
    "Demir", "Haddad", "Mansour", "Sharma", "Patel", "Martin", "Bernard", "Dubois", "Moreau", "Campbell", "Stewart", "Murphy",
    "Clark", "Lewis", "Baker", "Carter", "Reed", "Hughes", "Novak",
)  # fmt: skip

COMPANY_WORD = (
    "Northwind", "Bluebird", "Harbour", "Summit", "Lantern", "Cedar", "Copper", "Orchard", "Meridian", "Falcon", "Granite", "Willow",
    "Keystone", "Beacon", "Juniper", "Atlas", "Riverside", "Amber", "Foxglove", "Pioneer",
)  # fmt: skip

COMPANY_TAIL = (
    "Logistics", "Software", "Foods", "Media", "Clinics", "Travel", "Partners", "Retail", "Studio", "Systems", "Learning", "Capital",
    "Industries", "Supply", "Labs", "Interiors",
)  # fmt: skip

COMPANY_FORM = ("Ltd", "Inc", "GmbH", "LLC", "Group", "& Co")

# country, region, city, time zone, telephone: country code, mobile prefixes, how many digits follow; weight
PLACES = (
    ("US", "New York", "New York", "America/New_York", "+1", ("917", "646", "347"), 7, 7),
    ("US", "California", "San Francisco", "America/Los_Angeles", "+1", ("415", "628"), 7, 5),
    ("CA", "Ontario", "Toronto", "America/Toronto", "+1", ("416", "647"), 7, 4),
    ("GB", "England", "London", "Europe/London", "+44", ("7400", "7500", "7700"), 6, 8),
    ("DE", "Berlin", "Berlin", "Europe/Berlin", "+49", ("1512", "1601"), 7, 6),
    ("FR", "Île-de-France", "Paris", "Europe/Paris", "+33", ("61", "62", "63"), 7, 3),
    ("TR", "İstanbul", "İstanbul", "Europe/Istanbul", "+90", ("532", "542", "505"), 7, 6),
    ("AE", "Dubai", "Dubai", "Asia/Dubai", "+971", ("50", "55", "56"), 7, 7),
    ("OM", "Muscat", "Muscat", "Asia/Muscat", "+968", ("9", "7"), 7, 2),
    ("IN", "Karnataka", "Bengaluru", "Asia/Kolkata", "+91", ("984", "991"), 7, 3),
)

OWNERS = ("Helen Marsh", "Peter Quinn", "Nina Albrecht", "Tariq Aziz", "Ruth Castell", "Milan Horak")
