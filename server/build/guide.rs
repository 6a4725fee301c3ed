//! Renders the guide (`docs/guide/*.md`) to web pages. The files can be read on a git host as well: their links and
//! images are written for the files and rewritten for the server. A link or an image that leads nowhere fails the
//! build. Decision 9 says why the parser is pulldown-cmark, which leaves the HTML of headings, tables, code and pictures to
//! this module.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io, iter,
    path::Path,
    vec,
};

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::asset::Assets;

const FOLDER: &str = "../docs/guide";
/// This page lists the others; the order of its links is the order of the navigation.
const INDEX: &str = "index";
const STYLES: [&str; 6] = [
    "../style/tokens.css",
    "../style/base.css",
    "../style/components/button.css",
    "../style/components/menu.css",
    "../style/components/top_bar.css",
    "../style/guide.css",
];
/// The guide may link to these files outside its folder; the second path is where the server serves the file.
const ELSEWHERE: [(&str, &str); 1] = [("../openapi.json", "/api/v1/openapi.json")];

/// Renders everything into the table `GUIDE`. The page with the empty path answers unknown addresses.
pub fn build(out: &Path) -> io::Result<()> {
    for source in [FOLDER, "../docs/images", "../frontend"].into_iter().chain(STYLES) {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut assets = Assets::new(out, "GUIDE");
    let mut guide = Guide::read()?;
    let css = STYLES.iter().map(fs::read_to_string).collect::<io::Result<String>>()?;
    let stylesheet = format!("/docs/guide-{:016x}.css", digest(css.as_bytes()));
    assets.add(&stylesheet, css.as_bytes())?;
    let frame = frame(&stylesheet)?;
    for name in guide.order.clone() {
        let body = guide.render(&name);
        let page = frame
            .replace("{title}", &escaped(&guide.pages[&name].title))
            .replace("{navigation}", &guide.navigation(&name))
            .replace("{content}", &body);
        assets.add(&address(&name), page.as_bytes())?;
    }
    let nothing = "<h1>Page not found</h1>\n<p>The guide has no page at this address.</p>\n";
    let page = frame
        .replace("{title}", "Page not found")
        .replace("{navigation}", &guide.navigation(""))
        .replace("{content}", nothing);
    assets.add("", page.as_bytes())?;
    for (path, bytes) in guide.images {
        assets.add(&path, &bytes)?;
    }
    assets.write("guide.rs")
}

/// Reads the template of every page. The head is that of the app's own page, except for what Trunk fills in there.
fn frame(stylesheet: &str) -> io::Result<String> {
    let app = fs::read_to_string("../frontend/index.html")?;
    let of_head = |line: &&str| line.starts_with("<meta ") || line.starts_with("<link rel=\"icon\"");
    let head = app.lines().map(str::trim).filter(of_head).collect::<Vec<_>>().join("\n");
    Ok(fs::read_to_string("build/guide.html")?
        .replace("{head}", &head)
        .replace("{theme}", &fs::read_to_string("../frontend/theme.js")?)
        .replace("{stylesheet}", stylesheet))
}

struct Page {
    title: String,
    text: String,
    anchors: Vec<String>,
}

struct Guide {
    pages: BTreeMap<String, Page>,
    order: Vec<String>,
    images: BTreeMap<String, Vec<u8>>,
}

impl Guide {
    fn read() -> io::Result<Self> {
        let mut pages = BTreeMap::new();
        for entry in fs::read_dir(FOLDER)? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("pages have plain names").to_owned();
            let text = fs::read_to_string(&path)?;
            let headings = headings(&text);
            let title = headings.first().unwrap_or_else(|| panic!("{name}.md has no heading")).clone();
            let anchors = anchors(&headings);
            pages.insert(name, Page { title, text, anchors });
        }
        let mut order = vec![INDEX.to_owned()];
        for event in parser(&pages[INDEX].text) {
            if let Event::Start(Tag::Link { dest_url, .. }) = event
                && let Some((name, _)) = page_link(&dest_url)
                && !order.contains(&name)
            {
                order.push(name);
            }
        }
        let listed: BTreeSet<_> = order.iter().collect();
        for name in pages.keys() {
            assert!(listed.contains(name), "{INDEX}.md does not link to {name}.md");
        }
        Ok(Self { pages, order, images: BTreeMap::new() })
    }

    fn navigation(&self, current: &str) -> String {
        let link = |name: &String| {
            let mark = if name == current { " aria-current=\"page\"" } else { "" };
            format!("<li><a href=\"{}\"{mark}>{}</a></li>\n", address(name), escaped(&self.pages[name].title))
        };
        self.order.iter().map(link).collect()
    }

    fn render(&mut self, name: &str) -> String {
        let (text, anchors) = (self.pages[name].text.clone(), self.pages[name].anchors.clone());
        let mut page = PageEvents {
            guide: self,
            name,
            anchors: anchors.into_iter(),
            image: None,
            table: Table::default(),
            events: Vec::new(),
        };
        for event in parser(&text) {
            page.push(event);
        }
        let mut body = String::new();
        html::push_html(&mut body, page.events.into_iter());
        with_roles(body)
    }

    fn target(&self, from: &str, to: &str) -> String {
        if to.contains("://") {
            return to.to_owned();
        }
        if let Some((_, served)) = ELSEWHERE.iter().find(|(file, _)| *file == to) {
            return (*served).to_owned();
        }
        let (name, anchor) = match to.strip_prefix('#') {
            Some(anchor) => (from.to_owned(), Some(anchor.to_owned())),
            None => page_link(to).unwrap_or_else(|| panic!("{from}.md links to {to}, which is not served")),
        };
        let page = self.pages.get(&name).unwrap_or_else(|| panic!("{from}.md links to {to}, which is not there"));
        match anchor {
            Some(anchor) => {
                assert!(page.anchors.contains(&anchor), "{from}.md links to {to}, which has no such heading");
                format!("{}#{anchor}", address(&name))
            }
            None => address(&name),
        }
    }

    /// Adds an image and returns its path on this server, its width and its height.
    fn image(&mut self, from: &str, to: &str) -> (String, u32, u32) {
        let file = Path::new(FOLDER).join(to);
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{from}.md shows {to}: {error}"));
        let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("images have plain names");
        let path = format!("/docs/{stem}-{:016x}.png", digest(&bytes));
        // In a PNG (section 11.2.1) the header chunk comes first, and width and height come first in it.
        let number = |at: usize| bytes[at..at + 4].try_into().map(u32::from_be_bytes).expect("four bytes");
        assert_eq!(&bytes[12..16], b"IHDR", "{to} is no PNG");
        let size = (number(16), number(20));
        self.images.insert(path.clone(), bytes);
        (path, size.0, size.1)
    }
}

/// The events of a page, rewritten for the server.
struct PageEvents<'guide, 'text> {
    guide: &'guide mut Guide,
    name: &'guide str,
    /// The anchors of the headings that are still to come.
    anchors: vec::IntoIter<String>,
    /// The file of the image that is open, and its alternative text so far.
    image: Option<(CowStr<'text>, String)>,
    table: Table,
    events: Vec<Event<'text>>,
}

/// The table that is open. Its headings end with its head.
#[derive(Default)]
struct Table {
    headings: Vec<String>,
    is_in_head: bool,
    column: usize,
}

impl<'text> PageEvents<'_, 'text> {
    fn push(&mut self, event: Event<'text>) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => panic!("{}.md has HTML in it", self.name),
            Event::Start(Tag::Heading { level, .. }) => self.begin_heading(level),
            Event::Start(Tag::Link { dest_url, link_type, title, id }) => {
                let dest_url = self.guide.target(self.name, &dest_url).into();
                self.events.push(Event::Start(Tag::Link { dest_url, link_type, title, id }));
            }
            Event::Start(Tag::Image { dest_url, .. }) => self.image = Some((dest_url, String::new())),
            Event::End(TagEnd::Image) => self.end_image(),
            Event::Text(words) => self.push_text(words),
            Event::Code(words) => self.push_code(words),
            // Content that is wider than the screen scrolls by itself, with the keyboard too.
            Event::Start(Tag::CodeBlock(_)) => self.events.push(markup("<pre tabindex=\"0\"><code>".to_owned())),
            Event::Start(Tag::Table(_)) => {
                let around = "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">";
                self.events.extend([markup(around.to_owned()), event]);
            }
            Event::End(TagEnd::Table) => self.events.extend([event, markup("</div>\n".to_owned())]),
            Event::Start(Tag::TableHead) => {
                self.table = Table { is_in_head: true, ..Table::default() };
                self.events.push(event);
            }
            Event::End(TagEnd::TableHead) => {
                self.table.is_in_head = false;
                self.events.push(event);
            }
            Event::Start(Tag::TableRow) => {
                self.table.column = 0;
                self.events.push(event);
            }
            Event::Start(Tag::TableCell) if self.table.is_in_head => {
                self.table.headings.push(String::new());
                self.events.push(event);
            }
            Event::Start(Tag::TableCell) => self.begin_labelled_cell(),
            Event::End(TagEnd::TableCell) if !self.table.is_in_head => self.events.push(markup("</td>".to_owned())),
            other => self.events.push(other),
        }
    }

    fn begin_heading(&mut self, level: HeadingLevel) {
        let id = self.anchors.next().expect("every heading has its anchor");
        // `tabindex` lets a link to the heading move the focus there, too.
        self.events.push(markup(format!("<{level} id=\"{id}\" tabindex=\"-1\">")));
    }

    /// Shows the image that is open, in its variants for light and for dark.
    fn end_image(&mut self) {
        let (light, words) = self.image.take().expect("an image ends where one began");
        let dark = light.replace(".png", "-dark.png");
        for (file, class) in [(&*light, "in-light"), (&dark, "in-dark")] {
            let (path, width, height) = self.guide.image(self.name, file);
            let words = escaped(&words);
            // A browser downloads only the image that is shown. On a phone it is too small to read, so a link opens it by
            // itself.
            self.events.push(markup(format!(
                "<a class=\"{class}\" href=\"{path}\"><img src=\"{path}\" alt=\"{words}\" width=\"{width}\" height=\"{height}\" loading=\"lazy\" /></a>"
            )));
        }
    }

    fn push_text(&mut self, words: CowStr<'text>) {
        if let Some((_, alternative)) = &mut self.image {
            alternative.push_str(&words);
            return;
        }
        self.note_heading(&words);
        self.events.push(Event::Text(words));
    }

    fn push_code(&mut self, words: CowStr<'text>) {
        self.note_heading(&words);
        self.events.push(if self.table.is_in_head {
            Event::Code(words)
        } else {
            markup(format!("<code>{}</code>", unbroken(&words)))
        });
    }

    /// Adds words to the heading of the column that is open, in the head of a table.
    fn note_heading(&mut self, words: &str) {
        if self.table.is_in_head {
            self.table.headings.last_mut().expect("words in a head are in a cell").push_str(words);
        }
    }

    /// Where rows are laid out as cards, the style shows the heading of its column in front of each cell.
    fn begin_labelled_cell(&mut self) {
        let heading = self.table.headings.get(self.table.column).map_or("", String::as_str);
        self.events.push(markup(format!("<td data-label=\"{}\">", escaped(heading))));
        self.table.column += 1;
    }
}

/// On a narrow screen the style lays rows out as cards, and browsers then forget the roles of these elements.
fn with_roles(body: String) -> String {
    const ROLES: [(&str, &str); 6] = [
        ("table", "table"),
        ("thead", "rowgroup"),
        ("tbody", "rowgroup"),
        ("tr", "row"),
        ("th", "columnheader"),
        ("td", "cell"),
    ];
    ROLES.into_iter().fold(body, |body, (tag, role)| {
        body.replace(&format!("<{tag}>"), &format!("<{tag} role=\"{role}\">"))
            .replace(&format!("<{tag} data"), &format!("<{tag} role=\"{role}\" data"))
    })
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// Keeps each word of code in one piece, unless it is wider than a phone: a browser breaks a word after any hyphen and
/// slash.
fn unbroken(code: &str) -> String {
    const LONGEST: usize = 32;
    let word = |word: &str| match escaped(word) {
        breakable if word.contains(['-', '/']) && word.len() <= LONGEST => {
            format!("<span class=\"whole\">{breakable}</span>")
        }
        other => other,
    };
    code.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn address(name: &str) -> String {
    if name == INDEX { "/docs".to_owned() } else { format!("/docs/{name}") }
}

fn page_link(to: &str) -> Option<(String, Option<String>)> {
    let (file, anchor) = to.split_once('#').map_or((to, None), |(file, anchor)| (file, Some(anchor.to_owned())));
    let name = file.strip_suffix(".md").filter(|name| !name.contains('/'))?;
    Some((name.to_owned(), anchor))
}

fn headings(text: &str) -> Vec<String> {
    let mut headings = Vec::new();
    let mut current: Option<String> = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => current = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => headings.extend(current.take()),
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut current {
                    heading.push_str(&words);
                }
            }
            _ => {}
        }
    }
    headings
}

/// Returns the anchors of a page. Equal headings get numbers, as on git hosts.
fn anchors(headings: &[String]) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for slug in headings.iter().map(|heading| slug(heading)) {
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let free = iter::once(slug.clone()).chain(numbered).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

/// Returns the anchor of a heading, as git hosts make it.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

fn markup<'a>(text: String) -> Event<'a> {
    Event::InlineHtml(CowStr::from(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
