"""What the lines around an article say: share bars, comment forms, copyright, menus.

Each phrase stands for a whole line, in the spelling that `rasid.furniture.fold` gives both
sides: marks, hamza, punctuation and case do not count, and `#` is any number. With a final `*`
anything may follow, up to `MAX_TAIL_WORDS` words: only for what no article begins a line with.
"""

MAX_TAIL_WORDS = 14

# Headings of link lists: the headlines that follow them are furniture too. After those with `*`
# a few words may follow, or a headline behind a colon.
LINK_HEADINGS = """
المقال السابق*|المقال التالي*|الخبر السابق*|الخبر التالي*|الموضوع السابق*|الموضوع التالي*
اقرا ايضا*|اقرا المزيد*|اقرا كذلك*|اقراوا ايضا*|اقرؤوا ايضا*|يقرا حاليا|يقرا الان
اقرا في|المزيد|المزيد من الاخبار*|المزيد من|المزيد حول|المزيد حول هذا الموضوع*|المزيد من المقالات*
لقراءه المزيد*|شاهد ايضا*|شاهد المزيد*|شاهدوا ايضا*|تفقد ايضا|طالع ايضا*|طالعوا ايضا*|تابع ايضا
انظر ايضا*|راجع ايضا*|مقالات ذات صله*|اخبار ذات صله*|مواضيع ذات صله*|مواد ذات صله*|ذات صله
موضوعات ذات صله*|محتوي ذو صله*|مواضيع متعلقه*|اخبار متعلقه*|مقالات متعلقه*|مقالات مشابهه*
اخبار مشابهه*|مواضيع مشابهه*|موضوعات متعلقه*|مقالات اخري|مواضيع اخري|اخبار اخري
المقالات المرتبطه*|مواضيع مرتبطه*|روابط ذات صله*|اخبار مرتبطه*|قد يهمك*|قد يهمك ايضا*|قد يعجبك*
قد يعجبك ايضا*|قد تهمك هذه المواضيع*|ربما يعجبك*|قد تعجبك هذه المقالات*|ننصحك بقراءه*|نرشح لك*
نرشح لكم*|اخترنا لك*|اخترنا لكم*|مقترحات لك*|موصي به|مقالات موصي بها*|مختارات|الاكثر قراءه
المقالات الاكثر قراءه*|المواضيع الاكثر قراءه*|الاخبار الاكثر قراءه*|الاكثر مشاهده|الاكثر تداولا
الاكثر تعليقا|الاكثر مشاركه|الاكثر شعبيه|الاكثر رواجا|الاكثر قراءه اليوم|الاكثر قراءه هذا اليوم
الاكثر قراءه هذا الاسبوع|الاكثر قراءه هذا الشهر|اهم الاخبار|اخر الاخبار|احدث الاخبار|جديد الاخبار
اخر المستجدات|اخر المقالات|احدث المقالات|احدث المواضيع|مقالات حديثه|من نفس القسم|في نفس القسم
من نفس الكاتب|للكاتب نفسه|من ارشيفنا|عناوين اخري|اخبار عاجله|شريط الاخبار|فيديوهات ذات صله*
مقالات سابقه|في هذا الملف|تابع القراءه ايضا|الاكثر بحثا|ترند|ترندينغ|صور وفيديو|فيديو اليوم
lire aussi*|a lire aussi*|à lire aussi*|voir aussi*|articles similaires*|articles liés*
sur le même sujet*|les plus lus|dernières actualités|related|related posts*|related articles*
related news*|related topics*|read also*|read more*|see also*|also read*|most read|most popular
trending|trending now|latest news|you may also like*|you might also like*|recommended
recommended for you|more from|more stories|more on this story*|top stories|popular posts
recent posts|don't miss
"""

# Forms and notices after which only short lines of the same kind come.
TAIL_HEADINGS = """
اضف تعليق*|اضف تعليقا*|اترك تعليق*|اترك تعليقا*|اترك ردا*|اترك رد*|اكتب تعليق*|اكتب تعليقك*
شارك برايك*|شاركنا رايك*|شاركنا برايك*|ضع تعليقك*|علق علي المقال*|علق علي الخبر*
علق علي هذا المقال*|علق علي هذا الخبر*|ارسل تعليقك*|ارسل تعليقا*
التعليقات|تعليقات الزوار|تعليقات القراء|التعليقات مغلقه*|لا توجد تعليقات*|لا يوجد تعليقات*
لا تعليقات|لا تعليق|التعليقات (#)|التعليقات #|عدد التعليقات*|كن اول من*|شروط التعليق*
شروط النشر|ضوابط التعليق*|تعليق #|# تعليق|# تعليقا|# تعليقات|لن يتم نشر عنوان بريدك*
لن ينشر عنوان بريدك*|الحقول الالزاميه*|الحقول المطلوبه*|الغاء الرد*|جميع الحقوق محفوظه*
كل الحقوق محفوظه*|كافه الحقوق محفوظه*|الحقوق محفوظه*|حقوق النشر|حقوق النشر محفوظه*
حقوق الطبع محفوظه*|حقوق النشر والطبع*|حقوق الطبع والنشر*|حقوق الملكيه محفوظه*
copyright*|all rights reserved*|tous droits réservés*|leave a reply*|leave a comment*
laisser un commentaire*|laissez un commentaire*|post a comment*|add a comment*
your email address will not*|votre adresse e-mail*|votre adresse de messagerie*|comments
commentaires|# comments|# commentaires|no comments|aucun commentaire|required fields*
les champs obligatoires*
"""

LINES = """
شارك|شاركها|شاركه|مشاركه|مشاركه عبر|شارك المقال*|شارك الخبر*|شارك هذا المقال*
شارك هذا الخبر*|شارك هذا الموضوع*|شارك هذه الصفحه*|شارك عبر|شارك علي|شارك مع|شارك الموضوع*|شاركوا
للمشاركه
مشاركه المقال*|مشاركه الخبر*|مشاركه علي|انشر|انشر المقال*|انشر الخبر*|نشر عبر
ارسل الي صديق*|ارسال الي صديق*|ارسال عبر*|ارسال بالبريد*|طباعه|طباعه المقال*|طباعه الخبر*|اطبع*
نسخ الرابط|نسخ|انسخ الرابط|رابط مختصر*|الرابط المختصر*|تم نسخ الرابط*|حفظ|حفظ المقال|احفظ المقال
اضف الي المفضله*|فيسبوك|فايسبوك|الفيسبوك|تويتر|اكس|واتساب|واتس اب|تلغرام|تيليغرام|تليجرام
تيليجرام|تلجرام|لينكدان|لينكد ان|لينكدإن|ماسنجر|مسنجر|انستغرام|انستجرام|انستقرام|يوتيوب|تيك توك
سناب شات|بنترست|بينتيريست|ريديت|فايبر|بريد الكتروني|البريد الالكتروني|عبر البريد|ايميل|البريد
فليبورد|ثريدز|رديت|تمبلر|facebook|twitter|x|whatsapp|telegram|linkedin|messenger|instagram
youtube|tiktok|pinterest|email|e-mail|reddit|viber|print|copy link|share|share this*|share on*
share via*|tweet|partager*|imprimer|envoyer|copier le lien|snapchat|threads|flipboard|tumblr|rss
save|like|follow|follow us*|suivez-nous*|suivez nous*|skype|line|vk|odnoklassniki|pocket|mix
google news|google plus|تابعنا|تابعنا علي*|تابعونا|تابعونا علي*|تابعنا عبر*|تابعونا عبر*
تابع اخر الاخبار*|تابع اخر المستجدات*|تابع اخبارنا*|تابعوا اخر الاخبار*|تابعوا اخبارنا*
تابعوا صفحتنا*|تابعوا قناتنا*|تابعوا|تابعنا في*|تابعونا في*|انضم الي قناتنا*|انضموا الي قناتنا*
انضم الينا*|انضموا الينا*
اشترك|اشتركوا|اشترك الان*|اشتركوا الان*|اشترك معنا*|اشترك في نشرتنا*|اشترك في النشره*
اشترك في القناه*
اشترك في قناتنا*|اشتركوا في قناتنا*|اشتركوا في نشرتنا*|اشتركوا في النشره*|اشتراك|الاشتراك
الاشتراك في النشره*|الاشتراك في القائمه*|الاشتراك في القناه*|سجل في النشره*|النشره البريديه*
النشره الاخباريه|نشرتنا*|القائمه البريديه*
ادخل بريدك*|ادخل البريد*|بريدك الالكتروني*|عنوان البريد*|سجل الان*|سجل بريدك*|subscribe*
sign up*|newsletter*|join our*|s'abonner*|inscrivez-vous*|abonnez-vous*|enter your email*
حمل التطبيق*|حمل تطبيق*|حملوا تطبيق*|تحميل التطبيق*|نزل التطبيق*|تطبيق الهاتف*|google play
app store|متجر التطبيقات|get it on*|download on*|available on*|télécharger l'app*|اعلان|اعلانات
اعلان ممول|محتوي اعلاني|محتوي ممول|مساحه اعلانيه|advertisement*|publicité*|sponsored*|ads|ad
annonce|annonces|اغلاق|اغلق|close|fermer|logo|شعار الموقع|شعار|menu|القائمه|القائمه الرئيسيه
الرئيسيه|الرييسيه|الصفحه الرئيسيه|الصفحه الرييسيه|الرئيسيه/*|home|accueil|home page|البحث|بحث
ابحث|ابحث هنا*|ابحث في الموقع*|ابحث عن|بحث عن|بحث في الموقع|search|search for|search here*
search the site*|search this site*|rechercher*|recherche|تسجيل الدخول*|دخول|تسجيل|انشاء حساب*
تسجيل الخروج|سجل دخولك*|log in*|login*|sign in*|register|connexion|se connecter
mot de passe oublié*|حسابي|العربيه|francais|français|english|fr|ar|en|es|español|espanol|deutsch
العربيه fr|ar fr|fr en|عربي|english version|version française|النسخه الفرنسيه|النسخه الانجليزيه
النسخه العربيه|تغيير اللغه|back to top*|الي الاعلي|الي اعلي|الي الاعلي زر*|زر الذهاب الي الاعلي
انتقل الي الاعلي|انتقل الي اعلي|العوده الي الاعلي|العوده للاعلي|الرجوع الي الاعلي|عوده للاعلي
اذهب الي الاعلي|اعلي الصفحه|retour en haut|haut de page|scroll to top|go to top
العوده الي الرئيسيه|العوده الي الصفحه*|انتقل الي المحتوي|skip to content|skip to main*
aller au contenu*|تخطي الي المحتوي*|toggle navigation|toggle menu|من نحن|من نحن?|اتصل بنا
تواصل معنا|للتواصل معنا*|هييه التحرير|هيئه التحرير|اعلن معنا|للاعلان معنا*|سياسه الخصوصيه
سياسه خصوصيه*|شروط الاستخدام|الشروط والاحكام|شروط الخدمه|اخلاء مسووليه|اخلاء المسووليه
خريطه الموقع|فريق العمل|وظايف|ميثاق التحرير|about us|contact|contact us|privacy policy
terms of use|terms of service|terms and conditions|sitemap|advertise with us*|qui sommes-nous*
contactez-nous|mentions légales*|politique de confidentialité*|conditions d'utilisation*
plan du site|powered by*|designed by*|developed by*|تصميم وتطوير|تصميم وتطوير شركه*
تصميم وتطوير بواسطه*|تصميم و تطوير|برمجه وتصميم
تطوير وتصميم|نستخدم ملفات تعريف*|يستخدم هذا الموقع ملفات*|يستخدم الموقع ملفات*
هذا الموقع يستخدم ملفات*
ملفات تعريف الارتباط*|قبول الكل|قبول|قبول جميع*|موافق|اوافق|رفض|رفض الكل|اعدادات ملفات*
باستمرارك في*|باستخدامك*|we use cookies*|this site uses*|this website uses*|ce site utilise*
nous utilisons des cookies*|accept|accept all*|accept cookies|reject all*|cookie settings*
manage preferences*|tout accepter*|tout refuser*|j'accepte|gérer les préférences*
paramètres des cookies*|en poursuivant*|by continuing*|got it|ok|الوسوم*|وسوم*|الكلمات الدلاليه*
كلمات دلاليه*|الكلمات المفتاحيه*|كلمات مفتاحيه*|العلامات|تاغات*|هاشتاغ|tags*|tag|mots-clés*
mots clés*|keywords*|topics|المواضيع|اقسام|التصنيفات|تصنيفات|القسم|# مشاهده|# مشاهدات|مشاهدات
مشاهدات #
عدد المشاهدات*|# قراءه|# قراءات|عدد القراءات*|عدد الزيارات*|# زياره|# views|# vues|# shares
# likes|views|vues|views #|vues #|وقت القراءه*|مده القراءه*|زمن القراءه*|# دقيقه قراءه
# دقيقه للقراءه
دقيقه واحده|دقيقه واحده قراءه|# دقايق قراءه|# دقايق للقراءه|قراءه # دقايق|# دقايق|قراءه # دقيقه
# min read|# minutes read|reading time*|temps de lecture*|اقل من دقيقه|# minutes|# min
السابق
التالي|السابق التالي|التالي السابق|previous article*|next article*|previous post*|next post*
previous|next|article précédent*|article suivant*|prev|précédent|suivant|الصفحه التاليه
الصفحه السابقه|load more|عرض المزيد|تحميل المزيد|اظهار المزيد|show more|afficher plus|voir plus
view all|see all|عرض الكل|تكبير الخط|تصغير الخط|حجم الخط|حجم الخط*|الخط|استمع|استمع الي المقال*
استمع للمقال*|الاستماع|الاستماع الي المقال*|الاستماع للمقال*|الاستماع الي الخبر*|listen to this*
استمع الي الخبر*|تشغيل الصوت*|عاجل|breaking
breaking news|مباشر|البث المباشر|بث مباشر|بث حي|live|en direct|direct|حاله الطقس|الطقس
الطقس اليوم|مواقيت الصلاه*|اوقات الصلاه*|اسعار العملات*|سعر الصرف*|météo|prayer times|weather
horaires de prière*|استطلاع|استطلاع الراي|صوت|النتايج|نتايج التصويت|تنبيه|اشعارات
تفعيل الاشعارات*|فعل الاشعارات*|السماح|لاحقا|not now|allow|enable notifications*|ابلغ عن خطا*
ابلاغ عن خطا*|بلغ عن خطا*|report|report abuse*|report an error*|report this*|signaler|signaler un*
هل وجدت خطا*|هل اعجبك*|قيم هذا المقال*|قيم هذا الخبر*|قيم المقال*|اعجبني
لم يعجبني|رد|الرد|reply|répondre|حذف|تعديل|مصدر الصوره*|صوره ارشيفيه|صوره من الارشيف|مصدر الصوره
getty images*|crédit photo*|photo credit*|صوره تعبيريه|علق|التعليق|الاسم
الموقع الالكتروني|الاسم الكامل|name|nom|website|site web|site internet|ارسال التعليق|ارسال
نشر التعليق
submit|post comment|احفظ اسمي*|save my name*|enregistrer mon nom*|تم النشر في*|فيديو|فيديوهات
صور|البوم الصور|معرض الصور|النسخه الورقيه|pdf|نسخه للطباعه|نسخه pdf|اذاعه|بودكاست|podcast|تحميل
download|whatsapp channel*|قناتنا علي*|قناه واتساب*|صفحتنا علي*|تابع صفحتنا*|اخبار جوجل
جوجل نيوز|تابعنا علي اخبار جوجل|اقرا الخبر من المصدر*|رابط الخبر*|المصدر من هنا|للمزيد*
لمزيد من الاخبار*|لمتابعتنا*
"""

# Notices that end like sentences and are furniture all the same.
NOTICES = """
نستخدم ملفات تعريف*|يستخدم هذا الموقع ملفات*|يستخدم الموقع ملفات*|هذا الموقع يستخدم ملفات*
لن يتم نشر عنوان بريدك*|الحقول الالزاميه مشار*|جميع الحقوق محفوظه*|copyright*|all rights reserved*
tous droits réservés*|we use cookies*|this site uses*|this website uses*|ce site utilise*
nous utilisons des cookies*|your email address will not*|votre adresse e-mail*|باستمرارك في تصفح*
"""

# A short line that asks the reader to do something with the page is furniture whatever its
# exact words: it begins with one of ASKS and has one of OURS, or one of THINGS where it is very
# short or stands beside other furniture. Most of ASKS are past tenses too ('he shared'), and an
# article speaks of THINGS as well; OURS are the page's own.
ASKS = """
شارك|شاركنا|شاركوا|مشاركه|انشر|ارسل|تابع|تابعنا|تابعوا|تابعونا|انضم|انضموا|اشترك|اشتركوا|سجل|حمل
حملوا
علق|اكتب|اترك|اقرا|اقراوا|اقروا|شاهد|شاهدوا|طالع|طالعوا|ادخل|partager|partagez|share|follow|suivez
subscribe|abonnez|send|leave|laissez|lire|read|download|téléchargez|join|rejoignez|imprimer|print
post
"""
READS = "اقرا|اقراوا|اقروا|طالع|طالعوا|شاهد|شاهدوا|lire|read"
THINGS = """
فيسبوك|فايسبوك|تويتر|واتساب|تلغرام|تليغرام|انستغرام|تعليق|تعليقا|النشره|التطبيق|المقال|الخبر|ايضا
كذلك|هنا
صديق|facebook|twitter|whatsapp|telegram|comment|reply|article|page|app|also|aussi
"""
OURS = """
صفحتك|صفحتنا|قناتنا|موقعنا|حسابنا|حساباتنا|تعليقك|رايك|بريدك|نشرتنا|تطبيقنا|newsletter|channel
chaîne
commentaire
"""
