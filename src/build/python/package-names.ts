// Distributions whose name on the index differs from the name they are imported by. Only well-known ones: a wrong guess here
// would install somebody else's package.

/** Import name → distribution. */
const distributionOf: ReadonlyMap<string, string> = new Map([
  ['Crypto', 'pycryptodome'],
  ['Cryptodome', 'pycryptodomex'],
  ['IPython', 'ipython'],
  ['MySQLdb', 'mysqlclient'],
  ['OpenSSL', 'pyOpenSSL'],
  ['PIL', 'Pillow'],
  ['PyPDF2', 'PyPDF2'],
  ['Xlib', 'python-xlib'],
  ['attr', 'attrs'],
  ['bs4', 'beautifulsoup4'],
  ['cairosvg', 'CairoSVG'],
  ['cv2', 'opencv-python'],
  ['dateutil', 'python-dateutil'],
  ['discord', 'discord.py'],
  ['dns', 'dnspython'],
  ['docx', 'python-docx'],
  ['dotenv', 'python-dotenv'],
  ['fitz', 'PyMuPDF'],
  ['flask', 'Flask'],
  ['git', 'GitPython'],
  ['github', 'PyGithub'],
  ['jinja2', 'Jinja2'],
  ['jose', 'python-jose'],
  ['jwt', 'PyJWT'],
  ['kafka', 'kafka-python'],
  ['ldap', 'python-ldap'],
  ['lxml', 'lxml'],
  ['magic', 'python-magic'],
  ['markdown', 'Markdown'],
  ['memcache', 'python-memcached'],
  ['multipart', 'python-multipart'],
  ['nacl', 'PyNaCl'],
  ['pkg_resources', 'setuptools'],
  ['pptx', 'python-pptx'],
  ['psycopg2', 'psycopg2-binary'],
  ['pymongo', 'pymongo'],
  ['bson', 'pymongo'],
  ['serial', 'pyserial'],
  ['skimage', 'scikit-image'],
  ['sklearn', 'scikit-learn'],
  ['slugify', 'python-slugify'],
  ['socks', 'PySocks'],
  ['telegram', 'python-telegram-bot'],
  ['usb', 'pyusb'],
  ['win32api', 'pywin32'],
  ['yaml', 'PyYAML'],
  ['zmq', 'pyzmq'],
]);

const ownName = /^[a-z0-9][a-z0-9_.-]*$/;

/** The distribution to install for an import, or null where its name says nothing safe (contract/dependencies.md 2.2). */
export function packageOfImport(name: string): string | null {
  return distributionOf.get(name) ?? (ownName.test(name) ? name : null);
}
