"""What English-speaking customers write: pools of openings, matters and endings, and the pieces that go together."""

OPENINGS = ("Hello,", "Hi team,", "Good morning,", "Dear support,", "Hi there,")
ENDINGS = ("Thanks in advance.", "Please let us know.", "Could you look into it today?", "Best regards.", "")
ANGRY_ENDINGS = (
    "We have been waiting for days.",
    "This is the third time we ask.",
    "Nobody has answered so far.",
    "We are losing patience.",
    "",
)

# topic: subjects, bodies
TOPICS = {
    "how_to": (
        ("How do I share a report?", "Adding a colleague", "Question about dashboards", "Scheduling an export"),
        (
            "we would like to share a monthly report with our accountant, who has no seat. Is there a read-only link?",
            "I cannot find where to add a colleague to our workspace. The button under Settings is grey for me.",
            "is it possible to put two projects on one dashboard and compare them month by month?",
            "we want the export to arrive every Saturday morning instead of Monday. Where is that set?",
            "what is the difference between archiving a project and deleting it?",
        ),
    ),
    "bug": (
        ("Export fails", "Numbers differ between report and dashboard", "The mobile app logs me out", "Error 500 when saving"),
        (
            "since yesterday the export stops at about 80 percent and then shows an empty file.",
            "the report says 412 orders and the dashboard 398 for the same week. Which one is right?",
            "the mobile app asks for the password again every few hours, on two different phones.",
            "saving a form with more than twenty fields gives an error, and what we typed is lost.",
            "search finds nothing any more when the word has an accent in it.",
        ),
    ),
    "billing": (
        ("Question about the last invoice", "Change of card", "Tax number on the invoice", "Payment was declined"),
        (
            "our card was replaced by the bank and the payment seems to have been declined. Where can we enter the new one?",
            "the last invoice shows more seats than we have. Could you check it?",
            "we need our tax number on the invoices, also on the earlier ones if possible.",
            "we got a message that the payment failed, but the bank sees no attempt.",
        ),
    ),
    "price": (
        ("The new price", "Why has the price gone up?", "Renewal at a higher price"),
        (
            "we noticed that the renewal is noticeably dearer than last year, with no new features for us. Can you explain?",
            "the new price is above our budget. Is there a smaller plan, or a discount for a longer term?",
            "nobody told us about the increase before the invoice came. We would like to talk to someone.",
        ),
    ),
    "integration": (
        ("Connecting our CRM", "API limit", "Webhook does not arrive", "Single sign-on"),
        (
            "we are connecting our CRM and get a 401 although the key is fresh.",
            "how many calls a minute does the API allow on our plan? We get blocked around noon.",
            "the webhook for finished tasks has not arrived since the weekend.",
            "can we use our own single sign-on with the plan we have?",
        ),
    ),
    "leaving": (
        ("Exporting all our data", "Reducing our seats", "How do we close a workspace?"),
        (
            "is there a way to export everything we have in one go, with the attachments?",
            "half of our team does not use the product any more. How do we give back seats?",
            "we have finished the project for which we needed you. What happens to our data if we stop?",
        ),
    ),
}

PRAISE = (
    "Does what it promises, and the team answers quickly.",
    "Saves us several hours every week.",
    "Very happy with the reports.",
    "Simple, fast, and our people like it.",
    "Good product, fair price.",
    "The last update made it much quicker.",
)
MIDDLING = (
    "Works well, but the mobile app needs attention.",
    "Fine so far, some reports are missing.",
    "Useful, though it took us long to set up.",
    "Good in general. Search could be better.",
)
COMPLAINTS = {
    "plain": (
        "We expected more for this price.",
        "Too complicated for what we need.",
        "It does not fit the way we work.",
        "Several features we were promised are missing.",
    ),
    "slow_support": (
        "Support takes days to answer.",
        "We waited three days for a reply to a simple question.",
        "Nobody answers our tickets.",
        "The product is fine, support is not.",
    ),
    "falling_usage": (
        "Hardly anybody here uses it any more.",
        "The team went back to spreadsheets.",
        "We no longer know what we need it for.",
        "The project ended and we barely log in.",
    ),
    "price_rise": (
        "The new price is out of proportion.",
        "A fifth more than last year, for the same thing.",
        "Too expensive since the increase.",
        "We cannot justify this price to management.",
    ),
}

REASONS = {
    "plain": (
        "We no longer need it",
        "Moving to another tool",
        "The company is closing this department",
        "Missing features",
        "Budget cut",
        "Project finished",
    ),
    "slow_support": (
        "Support is too slow",
        "Our tickets stay unanswered for days",
        "Waited too long for help",
        "Poor support",
        "No answer when it mattered",
        "We need a vendor who replies",
    ),
    "falling_usage": (
        "We hardly use it any more",
        "The team stopped using it",
        "Nobody logs in",
        "Not enough use for the money",
        "Went back to spreadsheets",
        "Too little used",
    ),
    "price_rise": (
        "Too expensive since the price rise",
        "Price increase",
        "The renewal price is above our budget",
        "Found a cheaper tool",
        "The new price is not justified",
        "Cost",
    ),
}
