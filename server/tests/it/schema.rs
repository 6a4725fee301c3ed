//! The two databases have the same tables and columns, by migrations of the same names.

use std::{collections::BTreeMap, fs, path::Path};

/// Reads tables with their columns from `CREATE TABLE` statements. Types are left out, because their names differ.
fn tables(directory: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::<String, Vec<String>>::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(directory);
    let mut files: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        for statement in text.split(';') {
            if let Some((_, rest)) = statement.split_once("ALTER TABLE ") {
                if let Some((old, new)) = rest.split_once(" RENAME TO ") {
                    let columns = tables.remove(old).expect("the table is made before");
                    tables.insert(new.to_owned(), columns);
                    continue;
                }
                if let Some((name, columns)) = rest.split_once(" RENAME COLUMN ") {
                    let (old, new) = columns.split_once(" TO ").unwrap();
                    let table = tables.get_mut(name).expect("the table is made before");
                    let column = table.iter_mut().find(|column| column.starts_with(&format!("{old} ")));
                    let column = column.expect("the column is made before");
                    *column = column.replacen(old, new, 1);
                    continue;
                }
                let (name, column) = rest.split_once(" ADD COLUMN ").expect("columns are added or renamed");
                let column = column.split_whitespace().next().unwrap();
                let columns = tables.get_mut(name).expect("the table is made before");
                columns.push(format!("{column} optional"));
                continue;
            }
            let Some((_, rest)) = statement.split_once("CREATE TABLE ") else { continue };
            let (name, columns) = rest.split_once('(').unwrap();
            let columns = columns.lines().filter_map(|line| {
                let mut words = line.split_whitespace();
                let column = words.next().filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()))?;
                let nullable =
                    if line.contains("NOT NULL") || line.contains("PRIMARY KEY") { "required" } else { "optional" };
                Some(format!("{column} {nullable}{}", if line.contains("UNIQUE") { " unique" } else { "" }))
            });
            tables.insert(name.trim().to_owned(), columns.collect());
        }
    }
    tables
}

fn names(directory: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(directory);
    let mut names: Vec<_> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn migrations_have_the_same_names_tables_and_columns() {
    assert_eq!(names("sqlite"), names("postgres"));
    let (sqlite, postgres) = (tables("sqlite"), tables("postgres"));
    assert!(sqlite.len() >= 10, "the migrations were not read: {sqlite:?}");
    assert_eq!(sqlite, postgres);
}
