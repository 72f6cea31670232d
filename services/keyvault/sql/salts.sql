SELECT family, salt FROM vault.kek_salts
