"""The golden article: what a model must still say where it is served.

Its scores are taken once, from the finished artifact, and kept in the manifest together with
the article itself, so that each artifact can be checked by any later version of the code. A
hash says that the files are whole; this says that tokenizer, runtime and CPU make of them
what they made of them when the model was measured.
"""

from collections.abc import Mapping

from rasid.article import Article
from rasid.errors import GoldenMismatch

# Titles, furniture, tashkeel, digits, an address and several topics: it takes every way.
ARTICLE = Article(
    title="إحباط عملية لتهريب المخدرات وإيقاف مُخترق حسابات مصرفية",
    text=(
        "شارك الخبر\n"
        "أوقفت عناصر الشرطة القضائية، فجر الخميس، أربعة أشخاص يُشتبه في ارتباطهم بشبكة تنشط في "
        "ترويج المخدرات، وحجزت 320 كيلوغراما من مخدر الشيرا كانت مخبأة داخل شاحنة لنقل الخضر.\n\n"
        "وقال مصدر أمني إن أحد الموقوفين، وهو تقني في الثامنة والعشرين من عمره، اخترق حسابات "
        "زبناء مصرف محلي بواسطة رسائل تصيد تحيل على الموقع https://example.org/login، وحوّل منها "
        "ما يزيد عن ٤٥٠ ألف درهم نحو حسابات في الخارج.\n\n"
        "وأضاف المصدر ذاته أن البحث كشف أن الشبكة رتبت أيضا رحلات سرية لفائدة مرشحين للهجرة غير "
        "النظامية انطلاقا من شاطئ قريب، وأن التنسيق مع أجهزة أمنية أجنبية مكّن من تحديد هوية "
        "وسيط يقيم في الضفة الأخرى.\n\n"
        "وبقي الموقوفون رهن الحراسة النظرية، فيما تُفحص هواتفهم بحثا عن باقي الشركاء.\n"
        "جميع الحقوق محفوظة"
    ),
)

# Instruction sets round int8 sums differently, which can move a score by some hundredths.
TOLERANCE = 0.05


def check_golden(expected: Mapping[str, float], found: Mapping[str, float]) -> None:
    """Compare scores by label; raises `GoldenMismatch` naming the label that is farthest off."""
    if set(expected) != set(found):
        raise GoldenMismatch(
            f"the golden article has scores for {sorted(expected)}, the model for {sorted(found)}"
        )
    label = max(expected, key=lambda each: abs(found[each] - expected[each]))
    if abs(found[label] - expected[label]) > TOLERANCE:
        raise GoldenMismatch(
            f"the golden article gets {found[label]:.4f} for {label}; when the model was "
            f"made it got {expected[label]:.4f}"
        )
