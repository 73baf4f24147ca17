"""Pages with marked furniture: written blocks in many layouts, one page a seed.

Every block is a list of lines; the blocks of `KNOWN` were written with the detector's phrases
at hand, those of `HELD_OUT` afterwards in other wordings, and are never tuned on. `LISTS` has
what can be told by its shape only.
"""

import random
from dataclasses import dataclass

PARAGRAPHS = """
أعلنت السلطات المحلية بمدينة ساحلية عن انطلاق أشغال تهيئة الكورنيش الجديد، بكلفة إجمالية تناهز أربعين مليون درهم، على أن تنتهي قبل الصيف المقبل.
وقال مصدر مسؤول إن المشروع سيوفر مئات مناصب الشغل لفائدة شباب المنطقة، مضيفا أن الدراسات التقنية استغرقت أكثر من سنة.
وشارك في اللقاء ممثلون عن عدة قطاعات، ناقشوا سبل دعم المقاولات الصغرى وتبسيط المساطر الإدارية أمام حاملي المشاريع.
أحبطت مصالح الجمارك بالميناء محاولة لتهريب كميات كبيرة من السجائر كانت مخبأة داخل شاحنة للنقل الدولي قادمة من الخارج.
وفتحت النيابة العامة تحقيقا قضائيا للكشف عن كافة ملابسات القضية وتحديد باقي المتورطين المحتملين فيها.
تعادل الفريقان بهدف لمثله في مباراة مثيرة شهدت حضورا جماهيريا كبيرا، وأهدر المهاجم ركلة جزاء في الدقائق الأخيرة.
وأضاف المدرب في الندوة الصحفية أن فريقه قدم شوطا ثانيا جيدا، وأن الحكم لم يحتسب ضربة جزاء واضحة.
كتب المعلقون على المباراة أن التعليقات التي رافقت القرار كانت قاسية، وأن حقوق الفريق الضيف لم تكن محفوظة كما ينبغي.
وقعت الوزارة اتفاقية شراكة مع الجامعة لتكوين ألف مهندس في مجال الأمن المعلوماتي خلال السنوات الخمس المقبلة.
ويشمل البرنامج دورات في حماية البيانات وتحليل البرمجيات الخبيثة، إضافة إلى تدريب ميداني لدى مؤسسات عمومية.
وقد شارك المقال الذي نشرته الصحيفة آلاف القراء على مواقع التواصل، وأثار نقاشا واسعا حول كلفة المعيشة.
ارتفعت أسعار النفط بنحو اثنين في المئة خلال تعاملات الثلاثاء، وسط مخاوف من تعطل الإمدادات في مضيق حيوي.
وتوقع محللون أن يواصل البنك المركزي سياسته النقدية الحذرة إلى غاية نهاية العام الجاري.
افتتح المعرض الدولي للكتاب دورته الجديدة بمشاركة عشرات الناشرين، ويحتفي هذه السنة بأدب الرحلة وبالترجمة.
وتسلم الشاعر جائزته وسط تصفيق الحضور، ثم قرأ مقطعا من ديوانه الأخير عن مدينته القديمة.
أنقذ خفر السواحل سبعين مهاجرا كانوا على متن قارب مطاطي تعطل محركه على بعد أميال من الشاطئ.
ونقل الناجون إلى مركز للاستقبال حيث تلقوا الإسعافات الأولية، فيما يتواصل البحث عن مفقودين اثنين.
قررت المحكمة تأجيل النظر في الملف إلى الأسبوع المقبل بطلب من هيئة الدفاع قصد الاطلاع على الوثائق.
ودعا رئيس الجمعية السكان إلى ترشيد استعمال المياه بسبب تراجع حقينة السدود للسنة الرابعة على التوالي.
سجلت محطات الرصد درجات حرارة قياسية في المناطق الداخلية، ودعت الأرصاد الجوية إلى الحيطة والحذر.
""".strip().splitlines()

HEADLINES = """
انطلاق أشغال تهيئة الكورنيش الجديد بكلفة أربعين مليون درهم
إحباط محاولة تهريب كميات كبيرة من السجائر بالميناء
تعادل مثير في قمة الجولة الخامسة عشرة
شراكة جديدة لتكوين ألف مهندس في الأمن المعلوماتي
ارتفاع أسعار النفط وسط مخاوف من تعطل الإمدادات
معرض الكتاب يحتفي بأدب الرحلة في دورته الجديدة
إنقاذ سبعين مهاجرا على متن قارب مطاطي
تأجيل محاكمة موظفين إلى الأسبوع المقبل
دعوة إلى ترشيد المياه بعد تراجع حقينة السدود
درجات حرارة قياسية في المناطق الداخلية
وزير يدشن مركزا صحيا بضواحي العاصمة
لجنة برلمانية تستمع إلى مدير المكتب الوطني
جمعية تطلق قافلة طبية نحو القرى الجبلية
شركة محلية تبدأ تصدير الزيتون إلى ثلاث دول
""".strip().splitlines()

# For pages that need more headlines than there are above.
MORE_HEADLINES = """
مزارعون يجربون صنفا جديدا من الفستق الحلبي
عودة القطار السياحي إلى الخدمة بعد توقف طويل
بلدية جبلية تمنح المنازل المهجورة لصناع الفخار
باحثة تؤرخ لأقدم مدرسة للبنات في الواحات
نحالون يشكون تراجع إنتاج العسل هذا الموسم
فرقة مسرحية هاوية تجوب القرى بعرض للأطفال
""".strip().splitlines()

TRAPS = """
خلفيات القرار
سياق متوتر
ردود فعل متباينة
أرقام ودلالات
«لن نتراجع»
ماذا بعد؟
تحديات المرحلة المقبلة
السيناريوهات المحتملة
محمد العلمي - الرباط
الدار البيضاء: مراسل الجريدة
12 نونبر 2025
- ثلاث سيارات فاخرة ومبلغ مالي
- هواتف محمولة وأجهزة اتصال
كلام له ما بعده.
شهادات من عين المكان
""".strip().splitlines()

KNOWN = {
    "top": [
        ["الرئيسية", "سياسة", "اقتصاد", "رياضة", "ثقافة"],
        ["الرئيسية / مجتمع"],
        ["FR", "AR"],
        ["عاجل"],
        ["تسجيل الدخول", "بحث"],
        ["نستخدم ملفات تعريف الارتباط لتحسين تجربتك في تصفح الموقع.", "قبول الكل", "رفض"],
        ["شارك", "فيسبوك", "تويتر", "واتساب", "نسخ الرابط"],
        ["Accueil | Politique | Économie | Sport | Contact"],
        ["دقيقة واحدة قراءة", "1,204 مشاهدة"],
    ],
    "middle": [
        ["إقرأ أيضا"],
        ["اقرأ أيضاً: {headline}"],
        ["مقالات ذات صلة", "{headline}", "{headline}"],
        ["إعلان"],
        ["شاهد أيضا", "{headline}"],
        ["Lire aussi : {headline}"],
        ["تابعونا على واتساب"],
    ],
    "bottom": [
        ["أضف تعليقاً", "بريدك الإلكتروني لن ينشر. الحقول الإلزامية معلمة بـ *"],
        ["جميع الحقوق محفوظة © 2025"],
        ["Back to top button"],
        ["الوسوم: مجتمع، اقتصاد، مشاريع"],
        ["شارك المقال", "Facebook", "X", "WhatsApp", "Telegram"],
        ["الأكثر قراءة", "{headline}", "{headline}", "{headline}"],
        ["المقال السابق", "{headline}", "المقال التالي", "{headline}"],
        ["التعليقات (3)"],
        ["النشرة البريدية", "اشترك الآن ليصلك جديد الأخبار"],
        ["من نحن", "اتصل بنا", "سياسة الخصوصية", "شروط الاستخدام"],
        ["حمل تطبيق الجريدة", "Google Play", "App Store"],
        ["Leave a reply", "Your email address will not be published. Required fields are marked *"],
    ],
}

HELD_OUT = {
    "top": [
        ["الواجهة", "أخبار وطنية", "جهات", "العالم", "منوعات", "صوت وصورة"],
        ["أنت هنا: الواجهة » أخبار » محليات"],
        ["Français | العربية | English"],
        ["آخر خبر", "{headline}"],
        ["هذا الموقع يعتمد على الكوكيز لتقديم خدمة أفضل", "فهمت"],
        ["انشر الخبر على صفحتك", "فايسبوك", "تويتر", "واتساب", "بريد إلكتروني"],
        ["قرئ 341 مرة", "زمن القراءة: 3 دقائق"],
        ["Partager sur Facebook", "Partager sur WhatsApp", "Imprimer cet article"],
        ["البحث في الأرشيف", "دخول الأعضاء"],
    ],
    "middle": [
        ["اقرأوا أيضا على موقعنا"],
        ["إقرأ المزيد > {headline}"],
        ["مواضيع قد تهمك", "{headline}", "{headline}"],
        ["- مساحة إعلانية -"],
        ["طالع كذلك: {headline}"],
        ["Sur le même thème : {headline}"],
        ["انضم إلى قناتنا على تلغرام ليصلك كل جديد"],
        ["RELATED", "{headline}"],
    ],
    "bottom": [
        ["أترك تعليقك هنا", "الاسم الكامل", "البريد الإلكتروني (إلزامي)", "أرسل"],
        ["© حقوق النشر محفوظة لجريدة الضفة 2019-2025"],
        ["الصعود إلى أعلى الصفحة"],
        ["كلمات مفتاحية: سدود - مياه - فلاحة"],
        ["أرسل المقال إلى صديق", "طباعة", "PDF"],
        ["المواضيع الأكثر قراءة هذا اليوم", "1- {headline}", "2- {headline}", "3- {headline}"],
        ["الخبر الموالي", "{headline}"],
        ["عدد التعليقات: 0", "لا يوجد أي تعليق حتى الآن"],
        ["سجل بريدك لتتوصل بنشرتنا اليومية", "اشتراك"],
        ["هيئة التحرير", "للإشهار", "اتصلوا بنا", "خريطة الموقع"],
        ["تطبيقنا متوفر على أندرويد وآيفون", "Disponible sur Google Play"],
        ["Commentaires", "Laissez votre commentaire", "Nom", "E-mail", "Envoyer"],
        ["تصميم وبرمجة شركة الأفق", "Tous droits réservés 2025"],
        ["إخلاء مسؤولية: المقالات لا تعبر بالضرورة عن رأي الموقع"],
    ],
}

# Lists of headlines that no known heading announces.
LISTS = {
    "top": HELD_OUT["top"][:2],
    "middle": [
        ["{headline}", "{headline}", "{headline}"],
        ["ملفات ساخنة", "{headline}", "{headline}", "{headline}"],
        ["من اختيار المحرر", "• {headline}", "• {headline}", "• {headline}"],
    ],
    "bottom": [
        ["{headline}", "{headline}", "{headline}", "{headline}"],
        ["تحت المجهر", "{headline}", "{headline}", "{headline}"],
        ["- {headline}", "- {headline}", "- {headline}"],
    ],
}


@dataclass(frozen=True)
class Page:
    """A page's text and the lines of it that are furniture."""

    text: str
    furniture: frozenset[int]


def make_page(seed: int, blocks: dict[str, list[list[str]]]) -> Page:
    """One page: furniture above, inside and below an article with subtitles and lists."""
    chance = random.Random(seed)
    headlines = MORE_HEADLINES + chance.sample(HEADLINES, len(HEADLINES))
    traps = chance.sample(TRAPS, len(TRAPS))
    lines: list[tuple[str, bool]] = []

    def put(*texts: str, furniture: bool = False) -> None:
        lines.extend((text, furniture) for text in texts)
        if chance.random() < 0.7:
            lines.append(("", False))

    def put_block(place: str) -> None:
        block = chance.choice(blocks[place])
        filled = [line.format(headline=headlines.pop()) if "{" in line else line for line in block]
        put(*filled, furniture=True)

    for _ in range(chance.randint(0, 2)):
        put_block("top")
    put(headlines.pop())
    put(traps.pop())
    paragraphs = chance.sample(PARAGRAPHS, chance.randint(3, 9))
    for number, paragraph in enumerate(paragraphs):
        put(paragraph)
        if number and chance.random() < 0.25:
            put(traps.pop())
            put(paragraphs[number - 1].replace("،", " -", 1))
        elif number < len(paragraphs) - 1 and chance.random() < 0.2:
            put_block("middle")
    for _ in range(chance.randint(1, 3)):
        put_block("bottom")
    text = "\n".join(line for line, _ in lines)
    return Page(text, frozenset(n for n, (_, furniture) in enumerate(lines) if furniture))


def pages(blocks: dict[str, list[list[str]]], count: int = 80) -> list[Page]:
    """The first `count` pages of these blocks."""
    return [make_page(seed, blocks) for seed in range(count)]
