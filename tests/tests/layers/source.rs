//! Reads the modules of a crate and the paths in them from tokens, which exclude strings and
//! comments and include the arguments of macros.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The files of a crate by their paths below `src`.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// The path of a module from the root of its crate; empty for the root.
pub(crate) type ModulePath = Vec<String>;

/// A module without its test modules.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: ModulePath,
    pub(crate) file: PathBuf,
    /// The paths that start with `crate`, `self` or `super`, and those of `use` declarations.
    pub(crate) mentions: Vec<Mention>,
    /// The names that `use` declarations import or re-export, and their paths.
    pub(crate) imports: BTreeMap<String, Vec<String>>,
}

/// A path as written in a module.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// Reads the module in the file `root` (`lib.rs`, `main.rs`) and all modules below it.
pub(crate) fn modules(files: &Files, root: &str) -> Vec<Module> {
    let mut reader = Reader {
        files,
        modules: Vec::new(),
    };
    reader.file(Vec::new(), Path::new(root), Path::new(""));
    reader.modules
}

struct Reader<'f> {
    files: &'f Files,
    modules: Vec<Module>,
}

impl Reader<'_> {
    /// Reads the module in `file`; the files of its children are in `folder`.
    fn file(&mut self, path: ModulePath, file: &Path, folder: &Path) {
        let text = &self.files[file];
        let tokens: TokenStream = match text.parse() {
            Ok(tokens) => tokens,
            Err(error) => panic!("{}: {error}", file.display()),
        };
        self.module(path, file, folder, tokens);
    }

    fn module(&mut self, path: ModulePath, file: &Path, folder: &Path, tokens: TokenStream) {
        let mut module = Module {
            path,
            file: file.to_owned(),
            mentions: Vec::new(),
            imports: BTreeMap::new(),
        };
        self.tokens(&mut module, folder, &tokens.into_iter().collect::<Vec<_>>());
        self.modules.push(module);
    }

    fn tokens(&mut self, module: &mut Module, folder: &Path, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            at += match &tokens[at] {
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    match is_test_attribute(tokens, at) {
                        true => 1 + item_length(&tokens[at + 1..]),
                        false => {
                            self.tokens(module, folder, &inner);
                            1
                        }
                    }
                }
                TokenTree::Ident(word) => {
                    let line = word.span().start().line;
                    match (word.to_string().as_str(), tokens.get(at + 1)) {
                        ("mod", Some(TokenTree::Ident(name))) => {
                            self.child(module, folder, &name.to_string(), tokens.get(at + 2));
                            3
                        }
                        // `use<'a>` is a bound.
                        ("use", Some(next)) if !is_punct(next, '<') => {
                            let end = length_to_semicolon(&tokens[at..]);
                            for (path, name) in use_tree(&tokens[at + 1..at + end - 1]) {
                                module.mentions.push(Mention {
                                    path: path.clone(),
                                    line,
                                });
                                module.imports.insert(name, path);
                            }
                            end
                        }
                        // `pub(in crate::host)` uses nothing.
                        ("pub", Some(TokenTree::Group(group)))
                            if group.delimiter() == Delimiter::Parenthesis =>
                        {
                            2
                        }
                        ("crate" | "self" | "super", _) => {
                            let (path, length) = plain_path(&tokens[at..]);
                            if path.len() > 1 {
                                module.mentions.push(Mention { path, line });
                            }
                            length
                        }
                        _ => 1,
                    }
                }
                _ => 1,
            };
        }
    }

    /// Reads the child `name` of a module, which is inline or in a file of its own.
    fn child(&mut self, module: &Module, folder: &Path, name: &str, body: Option<&TokenTree>) {
        let path: ModulePath = module
            .path
            .iter()
            .cloned()
            .chain([name.to_owned()])
            .collect();
        let own_folder = folder.join(name);
        if let Some(TokenTree::Group(group)) = body {
            return self.module(path, &module.file, &own_folder, group.stream());
        }
        let beside = folder.join(format!("{name}.rs"));
        let within = own_folder.join("mod.rs");
        let file = if self.files.contains_key(&beside) {
            beside
        } else {
            within
        };
        assert!(
            self.files.contains_key(&file),
            "no file for `mod {name}` in {:?}",
            module.file
        );
        self.file(path, &file, &own_folder);
    }
}

/// Whether the group at `at` is the bracket of `#[cfg(test)]`.
fn is_test_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let hash = at.checked_sub(1).map(|before| &tokens[before]);
    hash.is_some_and(|hash| is_punct(hash, '#'))
        && tokens[at].to_string().replace(' ', "") == "[cfg(test)]"
}

/// Returns the number of tokens of the item at the start of `tokens`, attributes included.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends_with_semicolon = tokens.iter().find_map(|token| match token {
        TokenTree::Ident(word) => match word.to_string().as_str() {
            "use" | "const" | "static" | "type" => Some(true),
            "fn" | "impl" | "mod" | "struct" | "enum" | "trait" => Some(false),
            _ => None,
        },
        _ => None,
    });
    if ends_with_semicolon == Some(true) {
        return length_to_semicolon(tokens);
    }
    let end = tokens.iter().position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    });
    end.map_or(tokens.len(), |end| end + 1)
}

fn length_to_semicolon(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().position(|token| is_punct(token, ';'));
    end.map_or(tokens.len(), |end| end + 1)
}

/// Returns the path at the start of `tokens`, and its number of tokens.
fn plain_path(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut length = 0;
    while let Some(TokenTree::Ident(word)) = tokens.get(length) {
        path.push(word.to_string());
        length += 1;
        match &tokens[length..] {
            [first, second, TokenTree::Ident(_), ..]
                if is_punct(first, ':') && is_punct(second, ':') =>
            {
                length += 2;
            }
            _ => break,
        }
    }
    (path, length)
}

/// Returns the paths in the tree of a `use` declaration, each with the name that it imports.
fn use_tree(tokens: &[TokenTree]) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut name = None;
    let mut renamed = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if renamed => name = Some(word.to_string()),
            TokenTree::Ident(word) if word == "as" => renamed = true,
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Group(group) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for branch in inner.split(|token| is_punct(token, ',')) {
                    for (rest, name) in use_tree(branch) {
                        found.push((path.iter().cloned().chain(rest).collect(), name));
                    }
                }
                return found;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    // `use super::{self, Thing}`
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last() {
        let name = name.unwrap_or_else(|| last.clone());
        found.push((path, name));
    }
    found
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}
