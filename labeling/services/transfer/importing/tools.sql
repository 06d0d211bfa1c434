-- What keeps the rows of another tool's file by their items, in a file of SQLite.

-- keep: a table for rows as JSON.
CREATE TABLE kept (number INTEGER, item TEXT, line TEXT)

-- add: a row of an item.
INSERT INTO kept VALUES (?, ?, ?)

-- find: the rows of an item.
CREATE INDEX by_item ON kept (item, number)

-- items: each, by its first row.
SELECT min(number), item FROM kept GROUP BY item ORDER BY min(number)

-- lines: the rows of an item, in their order.
SELECT line FROM kept WHERE item = ? ORDER BY number
