"""A draft that says nothing but what is so, and the terms of its offer."""

HONEST = {
    "en": {
        "subject": "Your term ends on {{ event_on }}",
        "text": "{% if first_name %}Dear {{ first_name }},{% else %}Hello,{% endif %}\n\nyour term with {{ company }} ends soon.\n"
        "{% if offer_code %}The code {{ offer_code }} gives you 10 % off the next year until {{ offer_expires_on }}.{% endif %}\n",
        "sms": "{{ company }}: your term ends on {{ event_on }}.",
    },
    "fa": {
        "subject": "قرارداد شما {{ event_on }} به پایان می‌رسد",
        "text": "{% if first_name %}{{ first_name }} عزیز، سلام.{% else %}سلام.{% endif %}\n\nقرارداد شما {{ days }} روز دیگر تمام می‌شود.\n"
        "{% if offer_code %}کد {{ offer_code }} تا {{ offer_expires_on }} ده درصد تخفیف سال بعد است.{% endif %}\n",
        "sms": "{{ company }}: قرارداد شما {{ event_on }} تمام می‌شود.",
    },
}
TERMS = {"en": "10 % off the next year, a discount for those who renew", "fa": "۱۰ درصد تخفیف سال بعد"}
