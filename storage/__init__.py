"""All SQL, and nothing else: tables, migrations, transactions and the questions the rest of the bot asks of them."""
