"""Persian names and places, each beside its Latin spelling."""

FIRST = (
    ("مریم", "maryam"), ("زهرا", "zahra"), ("سارا", "sara"), ("نرگس", "narges"), ("شیرین", "shirin"), ("لیلا", "leila"),
    ("الهام", "elham"), ("نگین", "negin"), ("مینا", "mina"), ("پریسا", "parisa"), ("سمیرا", "samira"), ("هانیه", "hanieh"),
    ("کیمیا", "kimia"), ("یاسمن", "yasaman"), ("فاطمه", "fatemeh"), ("آزاده", "azadeh"), ("بهاره", "bahareh"), ("ترانه", "taraneh"),
    ("علی", "ali"), ("رضا", "reza"), ("محمد", "mohammad"), ("حسین", "hossein"), ("امیر", "amir"), ("مهدی", "mehdi"),
    ("کاوه", "kaveh"), ("آرش", "arash"), ("بابک", "babak"), ("سینا", "sina"), ("کیان", "kian"), ("پویا", "pouya"),
    ("نیما", "nima"), ("فرهاد", "farhad"), ("سعید", "saeed"), ("حمید", "hamid"), ("امید", "omid"), ("یاشار", "yashar"),
    ("محمدحسین", "mohammadhossein"), ("امیررضا", "amirreza"), ("علی‌اکبر", "aliakbar"), ("کامران", "kamran"),
)  # fmt: skip

LAST = (
    ("احمدی", "ahmadi"), ("محمدی", "mohammadi"), ("حسینی", "hosseini"), ("کریمی", "karimi"), ("رضایی", "rezaei"),
    ("مرادی", "moradi"), ("جعفری", "jafari"), ("صادقی", "sadeghi"), ("اکبری", "akbari"), ("کاظمی", "kazemi"),
    ("موسوی", "mousavi"), ("نوری", "nouri"), ("شریفی", "sharifi"), ("یزدانی", "yazdani"), ("تهرانی", "tehrani"),
    ("شیرازی", "shirazi"), ("اصفهانی", "esfahani"), ("حسین‌زاده", "hosseinzadeh"), ("عباس‌زاده", "abbaszadeh"),
    ("قلی‌پور", "gholipour"), ("ملک‌پور", "malekpour"), ("نیک‌نام", "niknam"), ("رستگار", "rastegar"), ("فرهمند", "farahmand"),
    ("کیانی", "kiani"), ("بهرامی", "bahrami"), ("رستمی", "rostami"), ("اسدی", "asadi"), ("حیدری", "heydari"), ("طاهری", "taheri"),
    ("باقری", "bagheri"), ("میرزایی", "mirzaei"), ("قاسمی", "ghasemi"), ("زارعی", "zarei"), ("سلیمانی", "soleimani"),
    ("خوش‌رو", "khoshrou"), ("پورمحمد", "pourmohammad"), ("شاکری", "shakeri"), ("دانش‌پژوه", "daneshpajouh"), ("مهرجو", "mehrjou"),
)  # fmt: skip

COMPANY_KIND = (
    ("شرکت", "co"), ("گروه", "group"), ("فناوری", "tech"), ("صنایع", "sanaye"), ("داده‌پردازان", "data"), ("بازرگانی", "trade"),
    ("نرم‌افزار", "soft"), ("پخش", "pakhsh"), ("مؤسسهٔ", "inst"), ("کارگزاری", "broker"), ("پیشگامان", "pishgaman"), ("خدمات", "services"),
)  # fmt: skip

COMPANY_WORD = (
    ("سپهر", "sepehr"), ("آریا", "aria"), ("پارس", "pars"), ("البرز", "alborz"), ("دماوند", "damavand"), ("زاگرس", "zagros"),
    ("کارون", "karun"), ("هیرکان", "hirkan"), ("نگین", "negin"), ("کیمیا", "kimia"), ("رایان", "rayan"), ("پگاه", "pegah"),
    ("آفتاب", "aftab"), ("مهر", "mehr"), ("ایرسا", "irsa"), ("باران", "baran"), ("سروش", "soroush"), ("پویش", "pouyesh"),
)  # fmt: skip

COMPANY_TAIL = (
    ("شرق", "shargh"), ("غرب", "gharb"), ("نوین", "novin"), ("ایرانیان", "iranian"), ("خاورمیانه", "khavar"), ("جنوب", "jonoub"),
    ("امروز", "emrooz"), ("پایدار", "paydar"), ("یکتا", "yekta"), ("کویر", "kavir"), ("اندیشه", "andisheh"), ("پیشرو", "pishro"),
)  # fmt: skip

PLACES = (
    ("تهران", "تهران", 30), ("خراسان رضوی", "مشهد", 10), ("اصفهان", "اصفهان", 9), ("فارس", "شیراز", 8), ("آذربایجان شرقی", "تبریز", 7),
    ("البرز", "کرج", 7), ("قم", "قم", 3), ("خوزستان", "اهواز", 4), ("کرمانشاه", "کرمانشاه", 3), ("گیلان", "رشت", 4),
    ("مازندران", "ساری", 3), ("مازندران", "قائم‌شهر", 2), ("یزد", "یزد", 3), ("کرمان", "کرمان", 3), ("لرستان", "خرم‌آباد", 2),
    ("اصفهان", "نجف‌آباد", 2),
)  # fmt: skip

OWNERS = ("مهسا رادمنش", "کیوان شکیبا", "نازنین کیهانی", "پیمان یگانه", "شبنم نیک‌پی", "فرزاد کوشا")
